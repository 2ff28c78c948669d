"""Why a server could not be reached or a file, port or address not be had: the usual causes in our words.

Flows in: an error of the system, or what libpq and the Redis client say of one, in English. Flows out: a clause in the
language of the installation; what is not known here follows in brackets, as it was said.
"""

import errno
import os
import re
import socket
from collections.abc import Callable

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
    r'database "(?P<name>.+?)" does not exist': lambda: _("базы «%(name)s» нет"),
    r'role "(?P<name>.+?)" does not exist': lambda: _("пользователя «%(name)s» нет"),
    r'role "(?P<name>.+?)" is not permitted to log in': lambda: _("пользователю «%(name)s» вход закрыт"),
    r"no pg_hba.conf entry": lambda: _("сервер не впускает этого пользователя с этой машины (pg_hba.conf)"),
    r"Peer authentication failed": lambda: _("через сокет сервер впускает только одноимённого пользователя системы"),
    r"too many clients|connection slots are reserved|max number of clients": lambda: _("все соединения сервера заняты"),
    r"system is (starting up|shutting down|in recovery)|LOADING": lambda: _("сервер ещё не готов, повторите позже"),
    r"does not support SSL": lambda: _("сервер не умеет шифровать соединение (sslmode)"),
    r"certificate": lambda: _("сертификат сервера не подтверждён"),
    r"WRONGPASS|invalid username-password pair|invalid password": lambda: _("пароль не подошёл"),
    r"NOAUTH|Authentication required": lambda: _("нужен пароль, а в адресе его нет"),
    r"without any password configured": lambda: _("пароль не нужен, а в адресе он есть"),
    r"DB index is out of range": lambda: _("базы с таким номером нет"),
}
IN_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.EMFILE, errno.EIO)
FATAL = ".*FATAL:  configuration file"
NAMED = rf'{FATAL} "(?P<file>[^"]+)"'
IN_A_CONFIGURATION: dict[str, Callable[[], str]] = {
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
DAMAGED = (
    r"valid checkpoint|checkpoint record|database files are incompatible|could not access status of transaction"
    r'|pg_control": read|incorrect checksum in control file'
)
IN_A_LOG: dict[str, Callable[[], str]] = {
    r'required WAL directory "(?P<name>[^"]+)"': lambda: _(
        "файлы базы повреждены, нет %(name)s: верните каталог из копии"
    ),
    rf'"(?P<name>[^"]+/pg_control)".*{os.strerror(errno.ENOENT)}': lambda: _(
        "файлы базы повреждены, нет %(name)s: верните каталог из копии"
    ),
    rf'"(?P<name>[^"]+)".*{os.strerror(errno.ENOENT)}': lambda: _("нет файла %(name)s"),
    **{os.strerror(code): OF_THE_SYSTEM[code] for code in (*IN_FILES, errno.EADDRINUSE)},
    DAMAGED: lambda: _("файлы базы повреждены: верните каталог из копии"),
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


def configured(lines: str) -> str:
    """What is wrong in a file that a person wrote: of all that PostgreSQL wrote the line before the last says it."""
    return _known(IN_A_CONFIGURATION, lines)


def _known(table: dict[str, Callable[[], str]], text: str) -> str:
    for pattern, words in table.items():
        if found := re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return words() % found.groupdict()
    return ""


def unknown(text: str) -> str:
    return _("не получилось (%(said)s)") % {"said": text}
