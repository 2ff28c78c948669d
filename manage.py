#!/usr/bin/env python3
"""Django's command line, on a machine that may have nothing but Python.

Where Django cannot be imported, a private `.venv` is made beside this file, the pinned libraries are installed
into it, and the command starts again there. Where Django is importable (a container, an own venv) none of that
happens. `bootstrap` does only this, with the test tools, and prints the interpreter to use.
Everything above `main` uses the standard library only.
"""

import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# fmt: off
IN_ENGLISH = {  # there is no catalogue yet that could be read
    "Нужен Python 3.11 или новее, а запущен %d.%d.": "Python 3.11 or newer is needed, this is %d.%d.",
    "Жду: другая команда уже готовит окружение…": "Waiting: another command is preparing the environment…",
    "Не хватает модуля venv. В Debian и Ubuntu: apt install python%d.%d-venv":
        "The module venv is missing. On Debian and Ubuntu: apt install python%d.%d-venv",
    "Не удалось создать .venv: %s": "Could not make .venv: %s",
    "Не удалось установить библиотеки: %s (подробно: %s)": "Could not install the libraries: %s (in detail: %s)",
    "раскладываю по местам: %d из %d": "putting them in their places: %d of %d",
    "жду ответа каталога библиотек": "waiting for the package index",
    "получаю: %d из %d %s": "getting: %d of %d %s",
    "%s, %.0f с": "%s, %.0f s",
    "компилирую, чтобы команды начинались быстрее": "compiling, so that commands start sooner",
    "Готовлю окружение: ставлю библиотеки…": "Preparing the environment: installing the libraries…",
    "готово за %.0f с": "ready in %.0f s",
    "В %s нет Django. Удалите этот каталог и повторите.": "There is no Django in %s. Delete this folder and try again.",
    "Для test нужен pytest: pip install -r requirements-dev.txt":
        "test needs pytest: pip install -r requirements-dev.txt",
    "Не удалось подготовить окружение в %s: %s": "Could not prepare the environment in %s: %s",
    "Python ответил: %s": "Python said: %s",
    "не получилось (%s)": "it did not work (%s)",
    "нет прав": "permission denied",
    "на диске нет места": "the disk is full",
    "диск открыт только для чтения": "the disk is read-only",
    "такого файла нет": "there is no such file",
    "это не каталог": "this is not a directory",
}
# fmt: on


def _(text: str) -> str:
    return IN_ENGLISH[text] if os.environ.get("LANGUAGE_CODE", "").strip() == "en" else text


if sys.version_info < (3, 11):  # noqa: UP036 — an old Python gets as far as this line
    sys.exit(_("Нужен Python 3.11 или новее, а запущен %d.%d.") % sys.version_info[:2])

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".crmseg.json"
REEXEC_MARK = "CRMSEG_IN_VENV"
TELL_EVERY = 5.0  # seconds
SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\] (.*?)(?:: '(.*?)'.*)?$")  # as a Python program tells it
PINNED = re.compile(r"^[\w.-]+(?:\[.*\])?==", re.MULTILINE)  # one library of a list
NOT_COMPILED = r"site-packages/(pip|setuptools|dns|wcwidth|phonenumbers)/"  # large, and little of it is ever imported


WHY = {  # the words of crmseg.causes, which cannot be imported yet
    _("нет прав"): {errno.EACCES, errno.EPERM},
    _("на диске нет места"): {errno.ENOSPC, errno.EDQUOT},
    _("диск открыт только для чтения"): {errno.EROFS},
    _("такого файла нет"): {errno.ENOENT},
    _("это не каталог"): {errno.ENOTDIR, errno.EEXIST},
}


class BootstrapError(Exception):
    """One line that tells a human what to do."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def why(number: int | None, said: str | None, where: str | None) -> str:
    words = next((words for words, numbers in WHY.items() if number in numbers), _("не получилось (%s)") % said)
    return f"{words}: {where}" if where else words


def why_as_told(line: str, otherwise: str = "%s") -> str:
    """What another program says of an error of the system is said in our words."""
    found = SYSTEM_ERROR.search(line)
    return why(int(found[1]), found[2], found[3]) if found else otherwise % line


# What is installed


def wanted(dev: bool) -> dict[str, str]:
    names = ["requirements.txt", "requirements-dev.txt"] if dev else ["requirements.txt"]
    return {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}


def read_stamp() -> dict:
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(installed: dict[str, str]) -> None:
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps({"python": os.path.realpath(PYTHON), "installed": installed}))
    draft.replace(STAMP)


def is_whole(stamp: dict) -> bool:
    """A venv that was finished once, whose interpreter is still the one it was made with."""
    return bool(stamp.get("installed")) and stamp["python"] == os.path.realpath(PYTHON) and os.access(PYTHON, os.X_OK)


def is_foreign() -> bool:
    """Somebody made this venv by hand: we add to it and never delete it."""
    return (VENV / "pyvenv.cfg").exists() and not STAMP.exists() and os.access(PYTHON, os.X_OK)


def is_ready(needs: dict[str, str]) -> bool:
    stamp = read_stamp()
    return is_whole(stamp) and needs.items() <= stamp["installed"].items()


# Making it


@contextmanager
def lock() -> Iterator[int]:
    """One command installs, the others wait; pip inherits the lock, so even an orphaned pip keeps it."""
    import fcntl

    descriptor = os.open(ROOT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(_("Жду: другая команда уже готовит окружение…"))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def create_venv(lock_fd: int) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        told = _("Не хватает модуля venv. В Debian и Ubuntu: apt install python%d.%d-venv")
        raise BootstrapError(told % sys.version_info[:2])
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    STAMP.write_text("{}")
    wheel = bundled_pip()
    command = [sys.executable, "-m", "venv", *(["--without-pip"] if wheel else []), str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, errors="replace", pass_fds=[lock_fd], check=False)
    if made.returncode:
        said = ((made.stdout + made.stderr).strip().splitlines() or [f"exit code {made.returncode}"])[-1]
        raise BootstrapError(_("Не удалось создать .venv: %s") % why_as_told(said, _("Python ответил: %s")))
    if wheel:
        zipfile.ZipFile(wheel).extractall(site_packages())


def bundled_pip() -> Path | None:
    """The wheel that comes with Python. Unpacked it is pip, in a tenth of the seconds that `ensurepip` takes."""
    import ensurepip

    folders = [Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/none")]
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*-py3-none-any.whl"))), None)


def site_packages() -> Path:
    """Looked for, not reckoned: a venv made by hand may be of another Python."""
    return next((VENV / "lib").glob("python*/site-packages"))


def install(names: list[str], lock_fd: int) -> None:
    """pip keeps the user's own configuration (index, proxy, certificate); `.venv/pip.log` has all it said."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command += [word for name in names for word in ("-r", str(ROOT / name))]
    progress = Progress(sum(len(PINNED.findall((ROOT / name).read_text())) for name in names))
    with (
        (VENV / "pip.log").open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", pass_fds=[lock_fd], cwd=ROOT
        ) as pip,
    ):
        try:
            with telling(progress.told):
                for line in pip.stdout:
                    log.write(line)
                    progress.hear(line)
            pip.wait()
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        lines = progress.lines
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
        reason = why_as_told((errors or lines or [f"pip: exit code {pip.returncode}"])[-1])
        raise BootstrapError(_("Не удалось установить библиотеки: %s (подробно: %s)") % (reason, VENV / "pip.log"))


class Progress:
    """What pip is at: first it gets each library, with its size; then it lays out all of them without a word."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.lines: list[str] = []
        self.got = 0
        self.name = self.size = ""
        self.laid_out_of, self.since = 0, 0.0

    def hear(self, line: str) -> None:
        self.lines.append(line.strip())
        if line.startswith("Ignoring "):  # of another system or Python
            self.total -= 1
        elif found := re.match(
            r"(?:Collecting|Processing|Requirement already satisfied:) (?:\S*/)?([\w.]+(?:-[^\W\d]\w*)*)", line
        ):
            self.got += 1
            self.name, self.size = found[1], ""
        elif found := re.match(r"\s+Downloading .+\((.+)\)", line):
            self.size = found[1]
        elif line.startswith("Installing collected packages: "):
            self.laid_out_of, self.since = line.count(",") + 1, time.time()

    def told(self) -> str:
        if self.laid_out_of:
            out_of = self.laid_out_of
            return _("раскладываю по местам: %d из %d") % (min(self.laid_out(), out_of), out_of)
        if not self.got:
            return _("жду ответа каталога библиотек")
        what = " ".join(part for part in (self.name, self.size and f"({self.size})") if part)
        return (_("получаю: %d из %d %s") % (self.got, max(self.total, self.got), what)).rstrip()

    def laid_out(self) -> int:
        """pip writes INSTALLER when a library is in its place."""
        marks = site_packages().glob("*.dist-info/INSTALLER")
        return sum(mark.stat().st_mtime >= self.since - 1 for mark in marks)


@contextmanager
def telling(told: Callable[[], str]) -> Iterator[None]:
    """A line every few seconds, also while nothing is heard."""
    started, is_over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not is_over.wait(TELL_EVERY):
            say("  " + _("%s, %.0f с") % (told(), time.monotonic() - started))

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()


def compile_all(lock_fd: int) -> None:
    """Now and on every processor: the processes of a first start would each compile the same files, all at once."""
    rooms = [path for path in ROOT.iterdir() if (path / "__init__.py").exists() and path.name != "tests"]
    command = [str(PYTHON), "-m", "compileall", "-q", "-j", "0", "-x", NOT_COMPILED]
    with telling(lambda: _("компилирую, чтобы команды начинались быстрее")):
        subprocess.run(
            [*command, str(site_packages()), *map(str, rooms)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock_fd],
            check=False,  # what cannot be compiled or written now is compiled when it is imported
        )


def prepare(dev: bool) -> None:
    needs = wanted(dev)
    if is_ready(needs):
        return
    with lock() as lock_fd:
        if is_ready(needs):
            return
        started = time.monotonic()
        say(_("Готовлю окружение: ставлю библиотеки…"))
        stamp = read_stamp()
        if not is_whole(stamp) and not is_foreign():
            create_venv(lock_fd)
            stamp = {}
        install(list(needs), lock_fd)
        compile_all(lock_fd)
        write_stamp({**stamp.get("installed", {}), **needs})
        say("  " + _("готово за %.0f с") % (time.monotonic() - started))


# The entry


def enter_venv(command: str) -> None:
    if os.environ.get(REEXEC_MARK):
        raise BootstrapError(_("В %s нет Django. Удалите этот каталог и повторите.") % VENV)
    prepare(dev=command in ("test", "bootstrap"))
    if command == "bootstrap":
        print(PYTHON)
        sys.exit(0)
    sys.stdout.flush()
    os.environ[REEXEC_MARK] = "1"
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 — the same command, in the venv


def bootstrap() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if importlib.util.find_spec("django") is None:
        enter_venv(command)
    os.environ.pop(REEXEC_MARK, None)
    if command == "bootstrap":
        print(sys.executable)
        sys.exit(0)
    if command == "test" and importlib.util.find_spec("pytest") is None:
        raise BootstrapError(_("Для test нужен pytest: pip install -r requirements-dev.txt"))


def main() -> None:
    try:
        bootstrap()
    except BootstrapError as error:
        sys.exit(str(error))
    except OSError as error:
        told = _("Не удалось подготовить окружение в %s: %s")
        sys.exit(told % (ROOT, why(error.errno, error.strerror, error.filename)))
    except KeyboardInterrupt:
        sys.exit(130)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crmseg.settings")
    from crmseg.starting.commandline import run

    sys.exit(run(sys.argv))


if __name__ == "__main__":
    main()
