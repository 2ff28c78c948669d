"""One writer per kind of push: fold pushes into calls, agree after, look whether a doubtful one came."""

from ..models import Push
from .moves import MoveWriter
from .notes import NoteWriter
from .parcel import Parcel, Writer
from .tags import TagWriter

WRITERS: dict[str, Writer] = {
    Push.Kind.MOVE: MoveWriter(),
    Push.Kind.TAG: TagWriter(),
    Push.Kind.NOTE: NoteWriter(),
}

__all__ = ["WRITERS", "Parcel", "Writer"]
