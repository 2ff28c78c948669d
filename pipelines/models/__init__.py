from .activity import Note, Task
from .change import Change, ChangeReader, Origin
from .contact import Company, Contact, ContactPoint, Tag
from .deal import Deal, DealContact
from .fields import CustomField
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
    "LossReason",
    "Note",
    "Origin",
    "Pipeline",
    "Stage",
    "StageVisit",
    "Tag",
    "Task",
]
