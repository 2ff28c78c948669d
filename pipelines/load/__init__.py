"""Whole pages of amoCRM's records into the mirror, set-wise: the twins of the verbs of single rows.

What flows in: plain rows that name others by amoCRM's ids. What flows out: the mirror changed where it differs, its
lines in the log in the same transaction, and ``Loaded``. ``lacks`` says beforehand whom the rows name
and we do not have.
"""

from .activity import load_notes, load_tasks
from .deals import load_deals
from .dictionaries import load_fields, load_loss_reasons, load_pipelines, load_users
from .lacks import lacks
from .people import load_companies, load_contacts
from .removal import mark_deleted
from .table import Loaded, Row, analyze

__all__ = [
    "Loaded",
    "Row",
    "analyze",
    "lacks",
    "load_companies",
    "load_contacts",
    "load_deals",
    "load_fields",
    "load_loss_reasons",
    "load_notes",
    "load_pipelines",
    "load_tasks",
    "load_users",
    "mark_deleted",
]
