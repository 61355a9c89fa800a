"""Who wants plain text alone gets the very text that everybody gets, and at every attempt the same bytes."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import sending
from acts import On
from letters import BULLETINS, composed, copy, reader
from relay import Smtpd

from dispatcher.messages.compose import text_only
from dispatcher.models import Subscriber


def parts(message: EmailMessage) -> list[tuple[str, str]]:
    return [(one.get_content_type(), one.get_content()) for one in message.walk() if not one.is_multipart()]


@pytest.mark.parametrize("name", BULLETINS)
def test_it_is_the_text_of_the_message_and_its_headers_and_nothing_else(name: str) -> None:
    message = composed(name)
    alone = replace(message, stencil=text_only(message.stencil))
    whole, cut = (
        message_from_bytes(copy(one, reader(name)), policy=policy.default) for one in (message, alone)
    )
    assert parts(cut) == parts(whole)[:1]
    said = [[one for one in mail.items() if one[0] not in _ABOUT_PARTS] for mail in (whole, cut)]
    assert said[0] == said[1]
    assert b"<html" not in cut.as_bytes()
    assert text_only(alone.stencil).dumps() == alone.stencil.dumps()


_ABOUT_PARTS = {"Content-Type", "Content-Transfer-Encoding"}


def test_people_get_what_they_chose_and_a_retry_changes_no_byte(db: str) -> None:
    sending.owe("plain@example.com", "both@example.com")
    Subscriber.objects.filter(folded="plain@example.com").update(plain_text=True)
    with Smtpd(script=[On("content", b"451 later", recipient="plain@", nth=1, store=True)]) as relay:
        sending.run(relay)
        Subscriber.objects.update(plain_text=False)
        sending.due_again()
        sending.run(relay)
        received = [(one.recipient, one.content) for one in relay.messages]
    first, second = [content for recipient, content in received if recipient == "plain@example.com"]
    assert first == second
    assert _kinds(first) == ["text/plain"]
    (both,) = [content for recipient, content in received if recipient == "both@example.com"]
    assert _kinds(both) == ["text/plain", "text/html"]


def _kinds(raw: bytes) -> list[str]:
    return [kind for kind, _ in parts(message_from_bytes(raw, policy=policy.default))]
