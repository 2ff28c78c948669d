"""integrations.unreached: why nobody answered, as a code whose words are those of ``crmseg.causes``."""

import errno
import os
import socket
import ssl

import pytest

from crmseg import causes
from integrations.unreached import why


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        *(OSError(code, os.strerror(code)) for code in (errno.ECONNREFUSED, errno.ECONNRESET)),
        *(OSError(code, os.strerror(code)) for code in (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)),
    ],
    ids=repr,
)
def test_words_are_those_of_the_causes(error):
    assert str(why(error)) == causes.of(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "net_no_dns"),
        (UnicodeError("encoding with 'idna' codec failed (UnicodeError: label too long)"), "net_no_host"),
        (ssl.SSLCertVerificationError("certificate verify failed"), "net_certificate"),
        (ssl.SSLError("wrong version number"), "net_no_tls"),
        (TimeoutError("timed out"), "net_slow"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "net_cut"),
    ],
)
def test_what_the_causes_do_not_tell_apart(error, code):
    assert why(error).code == code


def test_whoever_wrapped_it_is_looked_through():
    wrapped = RuntimeError("all connection attempts failed")
    wrapped.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    assert why(wrapped).code == "net_refused"
    assert why(RuntimeError("odd")) is why(UnicodeEncodeError("ascii", "пароль", 0, 1, "ordinal not in range")) is None
