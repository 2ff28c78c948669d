from .account import Account
from .link import Entity, Link, StageEvent
from .outbox import Push, SegmentTag
from .step import ImportStep

__all__ = ["Account", "Entity", "ImportStep", "Link", "Push", "SegmentTag", "StageEvent"]
