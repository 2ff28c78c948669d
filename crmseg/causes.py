"""Why a server could not be reached or a file, port or address not be had: the usual causes in our words.

Flows in: an error of the system, or what libpq and the Redis client say of one, in English. Flows out: a clause in the
language of the installation; what is not known here follows in brackets, as it was said.
"""

import errno
import os
import re
import socket
from collections.abc import Callable, Iterator
from functools import partial

from crmseg.words import gettext as _

OF_THE_SYSTEM: dict[int, Callable[[], str]] = {
    errno.EACCES: lambda: _("нет прав"),
    errno.EPERM: lambda: _("нет прав"),
    errno.EROFS: lambda: _("диск открыт только для чтения"),
    errno.ENOSPC: lambda: _("на диске нет места"),
    errno.EDQUOT: lambda: _("на диске нет места"),
    errno.ENOENT: lambda: _("такого файла нет"),
    errno.EEXIST: lambda: _("это не каталог"),  # a file where a directory is to be made
    errno.ENOTDIR: lambda: _("это не каталог"),
    errno.EISDIR: lambda: _("это каталог"),
    errno.ENAMETOOLONG: lambda: _("слишком длинное имя"),
    errno.EMFILE: lambda: _("открыто слишком много файлов"),
    errno.EIO: lambda: _("диск не отвечает"),
    errno.EADDRINUSE: lambda: _("порт занят"),
    errno.EADDRNOTAVAIL: lambda: _("у этой машины нет такого адреса"),
    errno.ECONNREFUSED: lambda: _("в соединении отказано: сервер не запущен или слушает другой порт"),
    errno.ECONNRESET: lambda: _("сервер оборвал соединение"),
    errno.ETIMEDOUT: lambda: _("сервер не ответил вовремя"),
    errno.EHOSTUNREACH: lambda: _("до сервера нет пути по сети"),
    errno.ENETUNREACH: lambda: _("до сервера нет пути по сети"),
}
NO_SUCH_HOST = r"failed to resolve host|could not translate host name|Error -[235] connecting|Name or service not known"
NO_BASE, NO_ROLE = r'database "(?P<name>.+?)" does not exist', r'role "(?P<name>.+?)" does not exist'
AS_SAID: dict[str, Callable[[], str]] = {
    rf"{NO_SUCH_HOST}|nodename nor servname": lambda: _("сервера с таким именем нет"),
    r"Connection refused": OF_THE_SYSTEM[errno.ECONNREFUSED],
    r"No route to host|Network is unreachable": OF_THE_SYSTEM[errno.EHOSTUNREACH],
    r"timeout expired|Timeout |timed out": OF_THE_SYSTEM[errno.ETIMEDOUT],
    r"No such file or directory": lambda: _("сокета нет: сервер не запущен"),
    r'permission denied for database "(?P<name>.+?)"': lambda: _("к базе «%(name)s» нет доступа"),
    r"Permission denied": lambda: _("нет прав на сокет"),
    r"reset by peer|closed the connection|Connection closed": OF_THE_SYSTEM[errno.ECONNRESET],
    r'password authentication failed for user "(?P<name>.+?)"': lambda: _("пароль пользователя «%(name)s» не подошёл"),
    r"no password supplied": lambda: _("нужен пароль, а в адресе его нет"),
    NO_BASE: lambda: _("базы «%(name)s» нет"),
    NO_ROLE: lambda: _("пользователя «%(name)s» нет"),
    r'role "(?P<name>.+?)" is not permitted to log in': lambda: _("пользователю «%(name)s» вход закрыт"),
    r"no pg_hba.conf entry": lambda: _("сервер не впускает этого пользователя с этой машины (pg_hba.conf)"),
    r"Peer authentication failed": lambda: _("через сокет сервер впускает только одноимённого пользователя системы"),
    r"too many clients|connection slots are reserved|max number of clients": lambda: _("все соединения сервера заняты"),
    r"system is (starting up|shutting down|in recovery)|LOADING": lambda: _("сервер ещё не готов, повторите позже"),
    r"does not support SSL": lambda: _("сервер не умеет шифровать соединение (sslmode)"),
    r"certificate": lambda: _("сертификат сервера не подтверждён"),
    r"WRONGPASS|invalid username-password pair|invalid password": lambda: _("пароль не подошёл"),
    r"NOAUTH|Authentication required|HELLO must be called": lambda: _("нужен пароль, а в адресе его нет"),
    r"without any password configured": lambda: _("пароль не нужен, а в адресе он есть"),
    r"DB index is out of range": lambda: _("базы с таким номером нет"),
    r"unexpected keyword argument '(?P<name>.+?)'": lambda: _("параметр «%(name)s» не подходит"),
}
IN_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.EMFILE, errno.EIO)
CORRUPTED = {"XX001", "XX002"}  # SQLSTATE: of a table, of an index
IN_ITS_FILES = {"58000", "58030", "58P01", "53100"}
OF_A_FILE_OR_A_TABLE = {"42501", "42809"}  # no rights to it, it is something else
INTERNAL = "XX000"
OF_ONE_FILE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EISDIR)


def _named(code: int) -> str:
    return f"{OF_THE_SYSTEM[code]()}: %(name)s"


FATAL = ".*FATAL:  configuration file"
NAMED = rf'{FATAL} "(?P<file>[^"]+)"'
NO_DIRECTORY = r'database subdirectory "(?P<name>[^"]+)" is missing'
BESIDE_THE_LAST: dict[str, Callable[[], str]] = {
    NO_DIRECTORY: lambda: _("файлы базы повреждены, нет %(name)s: верните каталог из копии"),
    r'configuration file "(?P<file>[^"]+)" contains no entries': lambda: _(
        "в %(file)s нет ни одной строки: верните в него «local all all trust»"
    ),
    r'could not open (configuration )?file "(?P<name>[^"]+)": Permission denied.*FATAL:  [a-z ]+"?(?P=name)': partial(
        _named, errno.EACCES
    ),
    r'could not open file "(?P<file>[^"]+)": No such file.*FATAL:  could not load (?P=file)': lambda: _(
        "нет файла %(file)s: верните его со строкой «local all all trust»"
    ),
    rf'configuration parameter "(?P<name>[^"]+)" in file "(?P<file>[^"]+)" line (?P<line>\d+){FATAL}': lambda: _(
        "нет параметра «%(name)s» (%(file)s, строка %(line)s)"
    ),
    rf'invalid value for parameter "(?P<name>[^"]+)": "(?P<value>[^"]*)"{NAMED}': lambda: _(
        "параметру «%(name)s» не подходит «%(value)s» (%(file)s)"
    ),
    rf'LOG:  (?P<value>[^\n]+) is outside the valid range for parameter "(?P<name>[^"]+)"{NAMED}': lambda: _(
        "параметру «%(name)s» не подходит «%(value)s» (%(file)s)"
    ),
    rf'syntax error in file "(?P<file>[^"]+)" line (?P<line>\d+){FATAL}': lambda: _(
        "ошибка в %(file)s, строка %(line)s"
    ),
    r'line (?P<line>\d+) of configuration file "(?P<file>[^"]+)".*FATAL:  could not load (?P=file)': lambda: _(
        "ошибка в %(file)s, строка %(line)s"
    ),
}
SPOILED = (
    r"valid checkpoint|checkpoint record|database files are incompatible|could not access status of transaction"
    r'|pg_control": read|incorrect checksum in control file'
    r"|invalid pages? |contains invalid data|\bread (only )?\d+ of \d+|(missing|unexpected) chunk number"
    r"|cache lookup failed|catalog is missing \d+ attribute|contains unexpected zero page|contains corrupted page"
    r"|critical system index|is not a valid data directory"
)
ITS_OWN = r'"(?P<name>(base|global|pg_[a-z_]+)(/[^"]*)?)"'
OF_DAMAGE: dict[str, Callable[[], str]] = {
    NO_DIRECTORY: BESIDE_THE_LAST[NO_DIRECTORY],
    r'required WAL directory "(?P<name>[^"]+)"': lambda: _(
        "файлы базы повреждены, нет %(name)s: верните каталог из копии"
    ),
    rf'"(?P<name>[^"]+/pg_control)".*{os.strerror(errno.ENOENT)}': lambda: _(
        "файлы базы повреждены, нет %(name)s: верните каталог из копии"
    ),
    rf"{ITS_OWN}.*{os.strerror(errno.ENOENT)}": lambda: _(
        "файлы базы повреждены, нет %(name)s: верните каталог из копии"
    ),
    rf"(invalid pages? .*relation|relation mapping file|could not read .*file(?=[^:]+: read)) {ITS_OWN}": lambda: _(
        "файл базы %(name)s повреждён: верните каталог из копии"
    ),
    SPOILED: lambda: _("файлы базы повреждены: верните каталог из копии"),
}
IN_A_LOG: dict[str, Callable[[], str]] = {
    **OF_DAMAGE,
    rf'"(?P<name>[^"]+)".*{os.strerror(errno.ENOENT)}': lambda: _("нет файла %(name)s"),
    r"pg_hba.conf rejects|no pg_hba.conf entry|authentication failed for user|no password supplied": lambda: _(
        "pg_hba.conf в каталоге базы не впускает crmseg: верните в него строку «local all all trust»"
    ),
    **{rf'"(?P<name>[^"]+)": {os.strerror(code)}': partial(_named, code) for code in OF_ONE_FILE},
    **{os.strerror(code): OF_THE_SYSTEM[code] for code in (*IN_FILES, errno.EADDRINUSE)},
    NO_BASE: AS_SAID[NO_BASE],
    NO_ROLE: AS_SAID[NO_ROLE],
    r'"(?P<name>[^"]+)" has invalid permissions': lambda: _("права на каталог %(name)s должны быть 0700"),
    r'lock file "[^"]+" already exists': lambda: _("с этими файлами уже работает другой сервер"),
    r"lock file .* is empty|bogus data in lock file": lambda: _("файл postmaster.pid повреждён: удалите его"),
}


def of(error: OSError) -> str:
    """A system error; of those we have no words for, its own."""
    if isinstance(error, socket.gaierror):
        return _("сервера с таким именем нет")
    words = OF_THE_SYSTEM.get(error.errno or 0)
    return words() if words else unknown(str(error.strerror or error))


def told(text: str) -> str:
    """What the client of a server said."""
    return _known(AS_SAID, text) or unknown(text)


def logged(text: str) -> str:
    """What a server wrote into its log when it could not start; "" for what we have no words for."""
    return _known(IN_A_LOG, text)


def of_damage(line: str) -> str:
    """The same, of damage only."""
    return _known(OF_DAMAGE, line)


def of_database(error: BaseException) -> str:
    """What PostgreSQL said of its own files, whoever has wrapped it; "" for a fault of another kind."""
    return next(filter(None, map(_of_files, chain(error))), "")


def _of_files(error: BaseException) -> str:
    """Of an error of psycopg; while it connects nobody tells it a SQLSTATE."""
    if not hasattr(error, "sqlstate"):
        return ""
    said, state = str(error), error.sqlstate
    if state in CORRUPTED:
        return of_damage(said) or OF_DAMAGE[SPOILED]()
    if state in IN_ITS_FILES or (state in OF_A_FILE_OR_A_TABLE and "could not" in said):
        return logged(said) or unknown(said)
    return of_damage(said) if state in {None, INTERNAL} else ""


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def beside(lines: str) -> str:
    """What the last line of PostgreSQL leaves to those beside it, as what is wrong in a file that a person wrote."""
    return _known(BESIDE_THE_LAST, lines)


def _known(table: dict[str, Callable[[], str]], text: str) -> str:
    for pattern, words in table.items():
        if found := re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return words() % found.groupdict()
    return ""


def unknown(text: str) -> str:
    return _("не получилось (%(said)s)") % {"said": text}
