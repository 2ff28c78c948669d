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


@pytest.mark.parametrize(
    ("public", "host", "told"),
    [
        ("http://127.0.0.1:8314", "127.0.0.1", "http://127.0.0.1:8314"),
        ("http://127.0.0.1:8314", "0.0.0.0", "http://127.0.0.1:8314"),
        ("https://crm.example.ru", "127.0.0.1", "https://crm.example.ru, слушает http://127.0.0.1:8314"),
        ("https://crm.example.ru", "::", "https://crm.example.ru, слушает http://[::1]:8314"),
    ],
)
def test_serve_tells_where_people_see_it_and_where_it_listens(settings, public, host, told):
    settings.PUBLIC_URL = public
    assert serve.announcement(host, 8314) == f"crmseg работает: {told}  (остановить: Ctrl-C)"
