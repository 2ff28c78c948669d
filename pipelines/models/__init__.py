from .activity import Note, Task
from .change import Change, ChangeReader, Origin
from .contact import Company, Contact, ContactPoint, Tag
from .deal import Deal, DealContact
from .fields import CustomField
from .home import Home
from .pipeline import LossReason, Pipeline, Stage
from .visit import StageVisit

__all__ = [
    "Change",
    "ChangeReader",
    "Company",
    "Contact",
    "ContactPoint",
    "CustomField",
    "Deal",
    "DealContact",
    "Home",
    "LossReason",
    "Note",
    "Origin",
    "Pipeline",
    "Stage",
    "StageVisit",
    "Tag",
    "Task",
]
