"""A step of the circle is given up when nothing moves any more, however long it all takes."""

import pytest

from crmseg.demo import steps
from crmseg.demo.steps import Circle, CircleError


@pytest.fixture
def circle(monkeypatch):
    """Seconds pass by sleeping only: a hundred each time."""
    passed = [0.0]
    monkeypatch.setattr(steps.time, "monotonic", lambda: passed[0])
    monkeypatch.setattr(steps.time, "sleep", lambda seconds: passed.__setitem__(0, passed[0] + 100))
    return Circle(lambda *shown: None)


def test_slow_work_is_waited_for_as_long_as_it_goes_on(circle):
    looks = iter([(done, 30, done == 30) for done in range(31) for _ in range(5)])
    circle.wait("Контакты", lambda: next(looks))
    assert next(looks)[0] == 30


def test_work_that_stands_still_is_given_up_with_what_there_is(circle):
    with pytest.raises(CircleError, match=r"^ничего нового 600 с \(7 из 30\)\. amoCRM молчит$"):
        circle.wait("Контакты", lambda: (7, 30, False), lambda: "amoCRM молчит")


def test_the_step_that_failed_is_remembered_until_told(circle):
    circle.step("connect", lambda: None)
    assert circle.failed == ""
    with pytest.raises(CircleError, match=r"^нет$"):
        circle.step("import", lambda: (_ for _ in ()).throw(CircleError("нет")))
    assert (circle.failed, list(circle.seconds)) == ("import", ["connect", "import"])
