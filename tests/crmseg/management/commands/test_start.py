"""The order in which `serve` and `demo` bring their processes up."""

from contextlib import contextmanager

import pytest

from crmseg.demo import stand
from crmseg.management.commands import demo, serve
from crmseg.processes import tree


class Started(Exception):
    """A process that reads words begins."""


@contextmanager
def nothing(*args, **kwargs):
    yield


@pytest.mark.parametrize(
    ("door", "first", "options"),
    [
        (serve, (tree, "Web"), {"host": "127.0.0.1", "port": 1}),
        (demo, (stand, "Outside"), {"check": True, "port": None, "contacts": None, "deals": None, "fresh": False}),
    ],
    ids=["serve", "demo"],
)
def test_words_are_compiled_before_a_process_loads_them(door, first, options, monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    done = []

    def start(*args):
        raise Started(list(done))

    monkeypatch.setattr(door.messages, "compile_stale", lambda: done.append("words"))
    monkeypatch.setattr(*first, start)
    monkeypatch.setattr(tree, "only_one", nothing)
    monkeypatch.setattr(tree, "refuse_busy", nothing)
    monkeypatch.setattr(stand, "tell_children", nothing)
    monkeypatch.setattr(door, "servers", nothing)
    with pytest.raises(Started) as seen:
        door.Command().handle(**options)
    assert seen.value.args == (["words"],)
