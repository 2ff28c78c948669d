"""`manage.py` as a person starts it, each time in a new process, without loading the libraries for each anew.

`run` is for the tests. The rest is a program: it loads what reads no settings, nothing of ours, and forks for every
command. Flows in: a line of JSON for each (arguments, environment, files for its output). Flows out: its exit code.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent

LIBRARIES = """
asyncio babel.messages celery celery.app.amqp celery.app.task celery.schedules celery.utils.log charset_normalizer
cryptography.fernet css_inline django.contrib.messages django.core.cache django.core.checks
django.core.handlers.wsgi django.core.mail django.core.management django.core.management.commands.runserver
django.db.migrations.recorder django.db.models django.db.transaction django.forms django.template.loader
django.urls django.views.generic email_validator httpx2 importlib_resources kombu.transport.redis liquid lxml.html
phonenumbers psycopg psycopg_pool redis sqlparse urllib.request yaml
"""


def run(*arguments: str, env: dict[str, str] | None = None, module: str = "") -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = (Path(folder, name) for name in ("out", "err"))
        out.touch()
        err.touch()
        order = {"module": module, "arguments": arguments, "env": dict(env or os.environ)}
        program = waiting()
        program.stdin.write(json.dumps(order | {"out": str(out), "err": str(err)}) + "\n")
        program.stdin.flush()
        if not select.select([program.stdout], [], [], PATIENCE)[0]:
            os.killpg(program.pid, signal.SIGKILL)
            waiting.cache_clear()
            raise subprocess.TimeoutExpired(arguments, PATIENCE, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(arguments, int(program.stdout.readline()), out.read_text(), err.read_text())


@cache
def waiting() -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.crmseg.commands"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(program.communicate)  # its input ends, and so does it
    return program


# The program


def main() -> None:
    for name in LIBRARIES.split():
        import_module(name)
    gc.freeze()  # what is loaded stays: no command looks through it
    for line in sys.stdin:
        order = json.loads(line)
        if not (child := os.fork()):
            become(**order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(module: str, arguments: list[str], env: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    for number, path, mode in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = [module or "manage.py", *arguments]
    if module:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path("manage.py", run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    main()
