from .membership import Membership
from .segment import Cause, Segment

__all__ = ["Cause", "Membership", "Segment"]
