"""pipelines.visits.step: direction and skipped stages by the order of the moment."""

import pytest

from pipelines.visits import step
from tests.factories import NOW, StageFactory

MOVES = [
    ("contact", "quote", "forward", []),
    ("unsorted", "payment", "forward", ["contact", "quote"]),
    ("payment", "contact", "backward", ["quote"]),
    ("contact", "won", "forward", ["quote", "payment"]),
    ("contact", "lost", "forward", ["quote", "payment"]),
    ("won", "payment", "backward", []),
    ("lost", "unsorted", "backward", ["contact", "quote", "payment"]),
    ("won", "lost", "forward", []),
]


@pytest.mark.parametrize(("left", "entered", "direction", "skipped"), MOVES)
def test_direction_and_skipped_stages(track, left, entered, direction, skipped):
    taken = step(getattr(track, left), getattr(track, entered), track.stages)
    assert taken.direction == direction
    assert taken.skipped_stages == tuple(getattr(track, name).pk for name in skipped)
    assert taken.skipped == len(skipped)


def test_start_and_transfer_skip_nothing(track):
    abroad = StageFactory()
    assert (step(None, track.payment, track.stages).direction, step(None, track.payment, []).skipped) == ("start", 0)
    assert step(track.contact, abroad, track.stages).direction == "transfer"


def test_deleted_stage_is_nobodys_step(track):
    track.quote.deleted_at = NOW
    assert step(track.contact, track.payment, track.stages).skipped == 0
