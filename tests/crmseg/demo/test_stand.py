import pytest

from crmseg.demo.stand import Plan, forget_everything, journal_file


@pytest.fixture
def home(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def test_the_first_run_decides_what_is_planted(home):
    first = Plan.of(30, None)
    assert (first.contacts, first.deals) == (30, 45)
    assert Plan.of(None, None) == Plan.of(500, 1) == first


def test_another_number_for_planted_data_is_noticed(home):
    plan = Plan.of(30, 40)
    assert not plan.differs(None, None)
    assert not plan.differs(30, 40)
    assert plan.differs(31, None)
    assert plan.differs(None, 0)


def test_a_broken_plan_is_made_anew(home, tmp_path):
    (tmp_path / "stand.json").write_text("{")
    assert Plan.of(5, 0).deals == 0


def test_beginning_afresh_forgets_what_was_written_to_the_stand_in(home):
    Plan.of(5, 0)
    journal_file().write_text("{}")
    forget_everything()
    assert not journal_file().exists()
    assert Plan.kept() is None
