from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from integrations.channels.email.mime import as_bytes
from segments.campaigns.channel import Envelope, PermanentFailure

SENDER = "Дом у озера <info@ozero.example>"
AT = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def envelope(**changes):
    values = {
        "message_id": "<7.1.abc@ozero.example>",
        "to": "elena@mail.example",
        "subject": "Елена, разберём вашу смету по строкам, это займёт всего двадцать минут вашего времени",
        "html": "<p>Здравствуйте</p>",
        "text": "Здравствуйте",
        "unsubscribe_url": "https://crm.example/campaigns/unsubscribe/abc/",
        "list_id": "campaign-7.ozero.example",
        "list_name": "Разбор сметы",
    }
    return Envelope(**values | changes)


def read(**changes):
    return message_from_bytes(as_bytes(envelope(**changes), sender=SENDER, now=AT), policy=policy.default)


def test_letter_reads_back_as_it_was_meant():
    letter = read()
    assert letter["Subject"] == envelope().subject
    assert letter["From"].addresses[0].display_name == "Дом у озера"
    assert letter["To"] == "elena@mail.example"
    assert letter["Message-ID"] == "<7.1.abc@ozero.example>"
    assert letter["Date"].datetime == AT
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in letter.iter_parts()] == ["Здравствуйте", "<p>Здравствуйте</p>"]
    assert not letter.defects


def test_letter_carries_the_one_click_headers():
    letter = read()
    assert letter["List-Unsubscribe"] == "<https://crm.example/campaigns/unsubscribe/abc/>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "<campaign-7.ozero.example>" in letter["List-ID"]


def test_lines_are_short_and_end_in_crlf():
    data = as_bytes(envelope(html="<p>" + "слово " * 5000), sender=SENDER, now=AT)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.endswith(b"\r\n")


def test_letter_without_html_is_plain_text():
    assert read(html="").get_content_type() == "text/plain"


@pytest.mark.parametrize("field", ["subject", "list_name", "list_id", "unsubscribe_url", "message_id"])
@pytest.mark.parametrize("evil", ["x\r\nBcc: all@mail.example", "x\nBcc: a@b.example", "x\u2028Bcc: a@b.example"])
def test_no_value_begins_a_header_of_its_own(field, evil):
    letter = read(**{field: evil})
    assert letter["Bcc"] is None
    assert letter.is_multipart()


@pytest.mark.parametrize(
    "address", ["", "elena", "a@b@c", "елена@почта.рф", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_what_is_no_address_is_refused_for_good(address):
    with pytest.raises(PermanentFailure) as failure:
        as_bytes(envelope(to=address), sender=SENDER, now=AT)
    assert failure.value.is_bad_address
