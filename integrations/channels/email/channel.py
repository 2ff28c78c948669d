"""Letters over SMTP: one connection for a batch, one letter in flight, commands sent together where the server can.

What flows in: envelopes. What flows out: 250 is an Outcome; 4xx is temporary; 5xx is for good. The letter is lost for
sure when the connection breaks before its last line has left, and of unknown fate when it breaks afterwards.
"""

import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from typing import Any, NoReturn

from django.conf import settings
from django.utils import timezone

from crmseg.web.reasons import Reason
from segments.campaigns.channel import Envelope, Outcome, PermanentFailure, TemporaryFailure, Unknown, before_handover

from ... import unreached
from .mime import as_bytes

log = logging.getLogger(__name__)

TIMEOUT = 30
NO_SUCH_ADDRESS = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
Reply = tuple[int, bytes]
LOST = (OSError, smtplib.SMTPServerDisconnected)


class EmailChannel:
    def __init__(self, url: dict[str, Any] | None = None, sender: str | None = None, timeout: float = TIMEOUT) -> None:
        self.url = url or settings.EMAIL_URL
        self.sender = sender or settings.DEFAULT_FROM_EMAIL
        self.address = parseaddr(self.sender)[1]
        self.timeout = timeout

    @contextmanager
    def open(self) -> Iterator["SmtpConnection"]:
        connection = SmtpConnection(self)
        connection.connect()
        try:
            yield connection
        finally:
            connection.close()


class SmtpConnection:
    def __init__(self, channel: EmailChannel) -> None:
        self.channel = channel
        self.smtp: smtplib.SMTP | None = None

    def connect(self) -> smtplib.SMTP:
        url = self.channel.url
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._greet(str(url["host"]), int(str(url["port"])))
            if url["starttls"]:
                smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if url["user"]:
                smtp.login(str(url["user"]), str(url["password"]))
        except (OSError, ValueError) as error:  # a wrong name or password too: no letter is to blame for it
            if smtp:
                smtp.close()
            detail, why = _told("server_away", error)
            raise TemporaryFailure(detail, why=why) from error
        self.smtp = smtp
        return smtp

    def _greet(self, host: str, port: int) -> smtplib.SMTP:
        if self.channel.url["ssl"]:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, timeout=self.channel.timeout, context=context)
        smtp = smtplib.SMTP(host, port, timeout=self.channel.timeout)
        if smtp.sock:  # many small commands: do not wait to gather them
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return smtp

    def close(self) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def send(self, envelope: Envelope) -> Outcome:
        with before_handover():
            data = _dotted(as_bytes(envelope, sender=self.channel.sender, now=timezone.now()))
        smtp = self.smtp or self.connect()
        try:
            self._begin(smtp, envelope)
            smtp.send(data)
        except LOST as error:
            self._drop()
            detail, why = _told("cut_before", error)
            raise TemporaryFailure(detail, why=why) from error
        return self._end(smtp)

    def _begin(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        """Everything before the letter itself: a refusal here leaves the connection usable."""
        commands = [f"MAIL FROM:<{self.channel.address}>", f"RCPT TO:<{envelope.to}>", "DATA"]
        if smtp.has_extn("pipelining"):  # RFC 2920: the three travel together, the answers come in their order
            smtp.send("".join(f"{command}\r\n" for command in commands))
            mail, rcpt, data = (smtp.getreply() for _ in commands)
            if data[0] == 354 and (mail[0] // 100 != 2 or rcpt[0] // 100 != 2):
                smtp.docmd(".")  # it waits for a letter without anybody to give it to: nothing, then
            self._check(mail, rcpt, data)
            return
        replies: list[Reply] = []
        for command in commands:
            replies.append(smtp.docmd(command))
            self._check(*replies)

    def _check(self, mail: Reply, rcpt: Reply = (250, b""), data: Reply = (354, b"")) -> None:
        if mail[0] // 100 != 2:
            self._refuse(*mail, is_about_sender=mail[0] != 552)
        if rcpt[0] // 100 != 2:
            self._refuse(*rcpt)
        if data[0] != 354:
            self._refuse(*data)

    def _end(self, smtp: smtplib.SMTP) -> Outcome:
        """The last line: from here on a silence means that nobody knows."""
        try:
            code, reply = smtp.docmd(".")
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            detail, why = _told("cut_after", error)
            raise Unknown(detail, why=why) from error
        if 400 <= code < 600:
            self._refuse(code, reply)
        if code != 250:
            self._drop()
            raise Unknown(_reply(code, reply), why=Reason("odd_answer"))
        return Outcome(_reply(code, reply))

    def _refuse(self, code: int, reply: bytes, *, is_about_sender: bool = False) -> NoReturn:
        """A refused sender is our own set-up, not the fault of any letter: it waits until somebody repairs it."""
        words = _reply(code, reply)
        if code == 421 or not 400 <= code < 600:
            self._drop()
        elif self.smtp:
            with suppress(OSError, smtplib.SMTPException):
                self.smtp.rset()
        if 500 <= code < 600 and not is_about_sender:
            raise PermanentFailure(words, is_bad_address=any(status in words for status in NO_SUCH_ADDRESS))
        raise TemporaryFailure(words)

    def _drop(self) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp:
            smtp.close()


def _dotted(data: bytes) -> bytes:
    """Lines that begin with a dot get another (RFC 5321 §4.5.2); bodies are base64, so only headers could."""
    return data.replace(b"\r\n.", b"\r\n..")


def _reply(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode(errors='replace')}"[:500]


def _told(what: str, error: Exception) -> tuple[str, Reason]:
    """The server's own answer where it gave one, and our words for the rest."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        words = _reply(error.smtp_code, reply if isinstance(reply, bytes) else str(reply).encode())
        return words, Reason("login_refused" if isinstance(error, smtplib.SMTPAuthenticationError) else what)
    why = unreached.why(error) or _of_client(error)
    return ("", Reason("because", what=Reason(what), why=why)) if why else (str(error)[:300], Reason(what))


def _of_client(error: Exception) -> Reason | None:
    """What smtplib found out itself."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Reason("net_cut")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Reason("no_starttls" if "STARTTLS" in str(error) else "no_login")
    return None
