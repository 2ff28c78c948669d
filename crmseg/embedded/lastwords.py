"""Why a server did not start or is gone, out of its log.

Flows in: what it wrote since its last start, and how its process ended where it was ours. Flows out: a cause in the
language of the installation; what we have no words for follows as it was said, without the stamp. What it tells those
who ask it too early, or while it is on its way out, is no cause: our own asking looks like that.
"""

import re
from pathlib import Path

from crmseg import causes
from crmseg.words import gettext as _

START = "---"  # opens a line of ours, see `program.launch`
ENOUGH = 20  # lines
STAMP = re.compile(
    r"^(\d{4}-\d\d-\d\d \S+ \S+ \[\d+\]"  # PostgreSQL
    r"|\d+:[A-Z] \d+ \w{3} \d{4} \S+ [.*#-]"  # Redis
    r"|(initdb|psql|postgres): (?=error:|fatal:))\s*"
)
CALLED = re.compile(r"^(error: |\\connect: )?connection to server .*? failed: ")  # by psql
LEVEL = re.compile(r"^(FATAL|PANIC|ERROR|error|fatal):\s*")
LOUD = re.compile(r"\b(FATAL|PANIC)\b")
QUIET = re.compile(r"^(LOG|DEBUG\d?|INFO|NOTICE|WARNING|DETAIL|HINT|CONTEXT|STATEMENT):|^\d+:[A-Z] .* [.*-] ")
ECHO = re.compile(r"the database system is |terminating (connection|background worker|walreceiver)")
FROM_OUTSIDE = re.compile(r"received \w+ shutdown request|was terminated by signal|Received SIG\w+ scheduling shutdown")


def cause(log: Path, ended: int | None = None) -> str:
    """A clause «: …» or « (…)», or nothing; ``ended`` is the exit code of the process."""
    lines = since_start(log)
    telling = [line for line in lines if not ECHO.search(line)]
    if loud := [line for line in telling if LOUD.search(line)]:
        beside = causes.beside("\n".join(lines))
        return f": {beside}" if beside else _clause(loud[-1])
    if (ended or 0) < 0 or any(FROM_OUTSIDE.search(line) for line in lines):
        return ": " + _("остановлен извне")
    if not lines:
        return ": " + _("журнал пуст")
    said = [line for line in telling if not (QUIET.search(line) or QUIET.search(STAMP.sub("", line)))]
    return _clause(said[-1]) if said else ""


def _clause(line: str) -> str:
    said = LEVEL.sub("", CALLED.sub("", STAMP.sub("", line))).strip()
    known = causes.logged(said)
    return f": {known}" if known else f" ({said})"


def since_start(log: Path) -> list[str]:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return []
    starts = [number for number, line in enumerate(lines) if line.startswith(START)]
    return [line.strip() for line in lines[starts[-1] + 1 if starts else 0 :] if line.strip()][-ENOUGH:]


def mendable(log: Path) -> str:
    """A sentence about what a person can mend, or nothing."""
    last = "\n".join(since_start(log))
    if "No space left" in last:
        return _("На диске нет места.") + " "
    if "Cannot allocate memory" in last or "out of memory" in last.lower():
        return _("Не хватает памяти.") + " "
    return ""


def is_held_by_orphans(log: Path) -> bool:
    """Processes of a killed PostgreSQL live until they notice its death; no other may start before."""
    return any("pre-existing shared memory block" in line for line in since_start(log))


def is_down_for_good(log: Path) -> bool:
    """Damage brings some of its processes down, and it begins again, each time in vain."""
    lines = since_start(log)
    return any("reinitializing" in line for line in lines) and any(
        LOUD.search(line) and causes.of_damage(line) for line in lines
    )
