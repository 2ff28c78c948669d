"""Real SMTP against the catcher, in good and bad weather (F16)."""

import smtplib
import socket
import threading

import pytest

from integrations.channels.catcher import Fault, free_port
from integrations.channels.email.channel import EmailChannel
from segments.campaigns.channel import PermanentFailure, TemporaryFailure, Unknown
from tests.patience import PATIENCE

from .conftest import email_url
from .test_mime import envelope


def send(channel, *envelopes):
    with channel.open() as connection:
        return [connection.send(one) for one in envelopes or [envelope()]]


def told(failure):
    return str(failure.value.why), failure.value.detail


def test_letter_arrives_whole(catcher, channel):
    assert send(channel)[0].detail.startswith("250")
    letter = catcher.letters()[0]
    assert (letter["to"], letter["subject"]) == ("elena@mail.example", envelope().subject)
    assert letter["html"].strip() == "<p>Здравствуйте</p>"


def test_batch_goes_over_one_connection(catcher, channel):
    send(channel, *[envelope(to=f"{number}@mail.example") for number in range(5)])
    assert len(catcher.letters()) == 5
    assert catcher.connections == 1


@pytest.mark.parametrize("is_pipelining", [True, False])
@pytest.mark.parametrize(
    ("fault", "failure", "arrived"),
    [
        (Fault.TEMPORARY, TemporaryFailure, 0),
        (Fault.CLOSING, TemporaryFailure, 0),
        (Fault.PERMANENT, PermanentFailure, 0),
        (Fault.NO_SUCH_USER, PermanentFailure, 0),
        (Fault.DROP_BEFORE, TemporaryFailure, 0),
        (Fault.DROP_AFTER, Unknown, 1),
    ],
)
def test_answer_of_the_server_decides(catcher, channel, fault, failure, arrived, is_pipelining):
    catcher.is_pipelining = is_pipelining
    catcher.faults.append(fault)
    with channel.open() as connection:
        with pytest.raises(failure):
            connection.send(envelope())
        assert len(catcher.letters()) == arrived
        assert connection.send(envelope(to="next@mail.example")).detail.startswith("250")
    assert catcher.letters()[-1]["to"] == "next@mail.example"


def test_letter_that_cannot_be_built_is_refused_before_a_word_is_said(catcher, channel):
    channel.sender = "Дом <info@пример.рф>"
    with channel.open() as connection:
        with pytest.raises(PermanentFailure) as failure:
            connection.send(envelope())
        assert (failure.value.why.code, failure.value.is_bad_address) == ("not_built", False)
        channel.sender = "Дом <info@ozero.example>"
        assert connection.send(envelope()).detail.startswith("250")
    assert len(catcher.letters()) == 1


def test_name_that_is_no_host_is_a_server_out_of_reach():
    with pytest.raises(TemporaryFailure) as failure:
        send(EmailChannel(email_url(25) | {"host": f"{'a' * 70}.ru"}, sender="a@b.ru"))
    assert told(failure) == ("Почтовый сервер недоступен: сервера с таким именем нет", "")


def test_only_an_unknown_user_is_a_bad_address(catcher, channel):
    for fault, is_bad in ((Fault.NO_SUCH_USER, True), (Fault.PERMANENT, False)):
        catcher.faults.append(fault)
        with pytest.raises(PermanentFailure) as failure:
            send(channel)
        assert failure.value.is_bad_address is is_bad


def test_silence_after_the_last_line_is_unknown(catcher, channel):
    catcher.faults.append(Fault.SLOW)
    with channel.open() as connection:
        end = connection.smtp.docmd

        def end_in_a_hurry(command):
            connection.smtp.sock.settimeout(0.3)
            return end(command)

        connection.smtp.docmd = end_in_a_hurry
        with pytest.raises(Unknown):
            connection.send(envelope())
        assert catcher.held.wait(PATIENCE)
    assert len(catcher.letters()) == 1


def test_server_that_is_away_is_temporary():
    with pytest.raises(TemporaryFailure) as failure:
        send(EmailChannel(email_url(free_port()), sender="a@b.example"))
    refused = "в соединении отказано: сервер не запущен или слушает другой порт"
    assert told(failure) == (f"Почтовый сервер недоступен: {refused}", "")


def test_server_that_knows_no_login_blames_no_letter(catcher):
    channel = EmailChannel(email_url(catcher.ports.smtp) | {"user": "u", "password": "p"}, sender="a@b.example")
    with pytest.raises(TemporaryFailure) as failure:
        send(channel)
    assert told(failure) == ("Почтовый сервер недоступен: вход по имени и паролю он не принимает", "")


def test_refused_login_keeps_the_words_of_the_server(catcher, channel, monkeypatch):
    def login(_smtp, _user, _password):
        raise smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad credentials")

    monkeypatch.setattr(smtplib.SMTP, "login", login)
    channel.url |= {"user": "u", "password": "p"}
    with pytest.raises(TemporaryFailure) as failure:
        send(channel)
    assert told(failure) == ("Почтовый сервер не принял имя и пароль", "535 5.7.8 Bad credentials")


def test_server_without_tls_gets_no_password(catcher):
    channel = EmailChannel(email_url(catcher.ports.smtp) | {"starttls": True}, sender="a@b.example")
    with pytest.raises(TemporaryFailure) as failure:
        send(channel)
    assert told(failure) == ("Почтовый сервер недоступен: шифровать соединение (STARTTLS) он не умеет", "")


def test_greeting_that_never_comes_is_temporary():
    with socket.create_server(("127.0.0.1", 0)) as server:
        channel = EmailChannel(email_url(server.getsockname()[1]), sender="a@b.example", timeout=0.2)
        with pytest.raises(TemporaryFailure) as failure:
            send(channel)
    assert told(failure) == ("Почтовый сервер недоступен: сервер не ответил вовремя", "")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.DROP_BEFORE, "Связь прервалась до передачи письма: сервер оборвал соединение"),
        (Fault.DROP_AFTER, "Связь прервалась после передачи письма: сервер оборвал соединение"),
    ],
)
def test_line_that_broke_is_told_in_our_words(catcher, channel, fault, words):
    catcher.faults.append(fault)
    with channel.open() as connection, pytest.raises((TemporaryFailure, Unknown)) as failure:
        connection.send(envelope())
    assert told(failure) == (words, "")


def test_refused_recipient_never_begins_a_letter_of_the_next_one(catcher, channel):
    """A server may say 354 although it refused the recipient: then it waits for the end of a letter."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_odd_server, args=[server], daemon=True).start()
        odd = EmailChannel(email_url(server.getsockname()[1]), sender="a@b.example", timeout=PATIENCE)
        with odd.open() as connection:
            with pytest.raises(PermanentFailure):
                connection.send(envelope(to="nobody@mail.example"))
            assert connection.send(envelope()).detail == "250 taken"


def _odd_server(server):
    line, _ = server.accept()
    words = line.makefile("rwb", buffering=0)
    words.write(b"220 odd\r\n")
    is_refused = False
    for command in iter(words.readline, b""):
        is_refused = b"nobody" in command or (is_refused and not command.startswith(b"rset"))
        if command.startswith(b"ehlo"):
            words.write(b"250-odd\r\n250 PIPELINING\r\n")
        elif command.startswith(b"RCPT") and is_refused:
            words.write(b"550 5.1.1 nobody\r\n")
        elif command.startswith(b"DATA"):
            words.write(b"354 go on\r\n")
            while words.readline() != b".\r\n":
                pass
            words.write(b"554 nobody to give it to\r\n" if is_refused else b"250 taken\r\n")
        else:
            words.write(b"250 ok\r\n")
