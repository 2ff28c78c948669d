"""Why nobody answered, or a connection broke: an error of the system as a reason, to be told to any reader.

What flows in: what the system, TLS or a client of theirs raised, whoever has wrapped it. What flows out: a ``Reason``
whose words are those of ``crmseg.causes``, or None where only the error itself says what was wrong.
"""

import errno
import socket
import ssl

from crmseg import causes
from crmseg.web.reasons import Reason

OF_ERRNO = {
    errno.ECONNREFUSED: "net_refused",
    errno.ECONNRESET: "net_cut",
    errno.ECONNABORTED: "net_cut",
    errno.EPIPE: "net_cut",
    errno.ETIMEDOUT: "net_slow",
    errno.EHOSTUNREACH: "net_no_path",
    errno.ENETUNREACH: "net_no_path",
}


def why(error: BaseException) -> Reason | None:
    codes = filter(None, map(_code, causes.chain(error)))
    return next(map(Reason, codes), None)


def _code(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "net_no_dns" if error.errno == socket.EAI_AGAIN else "net_no_host"
    if isinstance(error, UnicodeError):
        return "net_no_host" if "idna" in str(error) else ""  # a name that cannot be one
    if isinstance(error, ssl.SSLError):
        return "net_certificate" if isinstance(error, ssl.SSLCertVerificationError) else "net_no_tls"
    if isinstance(error, TimeoutError):
        return "net_slow"
    return OF_ERRNO.get(error.errno or 0, "") if isinstance(error, OSError) else ""
