from .membership import Membership
from .segment import Segment

__all__ = ["Membership", "Segment"]
