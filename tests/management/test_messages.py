"""`dispatcher messages render`: anybody can look at every kind of message, and nothing is sent or kept."""

from email import message_from_bytes, policy
from pathlib import Path

import factories as make
import pytest
from calling import Call
from house.tree import ROOT

from dispatcher.messages.samples import SAMPLES
from dispatcher.models import Mailing, Message


def test_every_kind_is_written_as_html_text_and_raw_mail(call: Call, tmp_path: Path) -> None:
    done = call("messages", "render", "--to", str(tmp_path / "look"))
    written = {Path(line).name for line in done.out.splitlines()}
    assert written == {f"{kind}.{suffix}" for kind in SAMPLES for suffix in ("html", "txt", "eml")}
    for kind in SAMPLES:
        mail = message_from_bytes((tmp_path / "look" / f"{kind}.eml").read_bytes(), policy=policy.default)
        text, html = (part.get_content() for part in mail.iter_parts())
        assert mail["To"] == "reader@example.org"
        assert mail["Subject"] in html
        assert "reader@example.org" in text
    assert not Mailing.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("kind", ["digest", "parts"])
def test_what_tells_of_several_is_shown_as_one_reader_sees_it(call: Call, kind: str) -> None:
    said = call("messages", "render", kind).out
    assert said.count("Pharmacy office hours\n\nNotice") == 1
    assert said.count("\nAll rulemaking\n") == 0, "both stand under the first topic that they concern"
    assert "- Pharmacy office hours:" not in said.partition("Also in this message")[2]
    assert "by Your agency" in " ".join(said.split())


def test_there_is_a_sample_of_each_kind_that_has_a_template() -> None:
    kinds = {one.parent.name for one in (ROOT / "templates" / "messages").glob("*/subject.txt")}
    assert kinds <= SAMPLES.keys()


def test_one_kind_is_printed_as_its_text(call: Call) -> None:
    said = call("messages", "render", "confirm").out
    assert said.startswith("Subject: ")
    assert "The 2 topics asked for" in said


def test_a_reader_of_text_alone_gets_one_part(call: Call, tmp_path: Path) -> None:
    written = call("messages", "render", "--plain", "--to", str(tmp_path)).out
    assert "html" not in written
    for kind in SAMPLES:
        mail = message_from_bytes((tmp_path / f"{kind}.eml").read_bytes(), policy=policy.default)
        assert (mail.get_content_type(), mail.is_multipart()) == ("text/plain", False)
        assert (
            mail.get_content().replace("\r\n", "\n").startswith((tmp_path / f"{kind}.txt").read_text()[:40])
        )


def test_only_a_language_that_is_offered_can_be_chosen(call: Call) -> None:
    assert (
        call("messages", "render", "confirm", "--language", "en").out
        == call("messages", "render", "confirm").out
    )
    assert call("messages", "render", "confirm", "--language", "xx").code == 2


@pytest.mark.parametrize("state", ["matched", "unmatched"])
def test_a_bulletin_is_shown_as_it_would_be_mailed(call: Call, state: str) -> None:
    topics = [make.topic("pharmacy")] if state == "matched" else []
    made = make.bulletin(*topics, state=state)
    said = call("messages", "render", "--bulletin", str(made.id)).out
    assert made.title in said
    assert ("it cites “Section 80” in the title" in said) == bool(topics)


def test_what_cannot_be_shown_says_why(call: Call, tmp_path: Path) -> None:
    assert "no bulletin 7" in call("messages", "render", "--bulletin", "7").err
    assert "goes with no confirm" in call("messages", "render", "confirm", "--bulletin", "7").err
    (tmp_path / "file").touch()
    assert "name a folder" in call("messages", "render", "alert", "--to", str(tmp_path / "file")).err
