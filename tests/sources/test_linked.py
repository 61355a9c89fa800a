"""PDF documents that notices link to: fetched like anything else, read in the child, matched, and never waited for in vain."""

from datetime import timedelta

import factories as make
import pytest
from hostile import written
from notices import ask, item, watched
from website import Page, Website

from dispatcher import config
from dispatcher.models import Bulletin, LinkedDocument, Match, Revision
from dispatcher.models.clock import database_now
from dispatcher.sources import linked, poll
from dispatcher.sources.linked import MOST
from dispatcher.topics import match
from dispatcher.topics.rules import Rule, TopicRules, compile_rules

PATH = "/dhhs/sites/files/c2s045.pdf"
LINK = f"https://www.maine.gov{PATH}"
MINUTE = timedelta(minutes=1)


def pdf(words: str) -> bytes:
    content = b"BT /F 9 Tf 10 10 Td (%s) Tj ET" % words.encode("ascii")
    return written([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Resources << /Font << /F 3 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ])  # fmt: skip


def served(site: Website, words: str = "New codes for dental services", **fields) -> None:
    site.pages[PATH] = Page(pdf(words), type="application/pdf", **fields)


def notice(*links: str, title: str = "Office news", mark: int = 1) -> str:
    anchors = "".join(f'<a href="{one}">Read number {at}</a>' for at, one in enumerate(links))
    return item(
        title, f"https://www.maine.gov/dhhs/news/office-{mark}", body=f"<p>See what is new. {anchors}</p>"
    )


def read_due() -> int:
    settings = config.load({})
    return linked.read_due(poll.limits(settings), poll.user_agent(settings))


def waiting() -> list[str]:
    return list(Bulletin.to_match(database_now()).values_list("title", flat=True))


def test_its_text_is_kept_and_says_which_topic_it_concerns(db: str) -> None:
    make.topic("dental")
    matcher = compile_rules([TopicRules("dental", rules=(Rule(any=("dental services",)),))])
    with Website() as site:
        source = watched(site, "bulletins")
        served(site)
        assert ask(site, source, notice(LINK)).new == 1
    document = LinkedDocument.objects.get()
    assert (document.text, document.pages, document.note, document.due_at) == (
        "New codes for dental services",
        1,
        "",
        None,
    )
    assert match.match(Bulletin.objects.get(), matcher, "0" * 64)
    (evidence,) = Match.objects.get().evidence
    assert evidence["field"] == "document"
    assert evidence["reason"] == "it says “dental services” in a linked document"


def test_a_server_that_calls_it_something_else_is_believed_by_its_bytes_alone(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages["/tools/whatsnew/attach.php?id=5&an=1"] = Page(
            pdf("Section 45"), type="application/x-download"
        )
        site.pages[PATH] = Page(b"<html><title>Gone</title></html>", type="text/html")
        ask(
            site,
            source,
            notice("https://www.maine.gov/tools/whatsnew/attach.php?id=5&amp;an=1", LINK),
        )
    attached, gone = LinkedDocument.objects.all()
    assert (attached.text, attached.pages) == ("Section 45", 1)
    assert (gone.text, gone.pages) == ("", 0)
    assert "an HTML page titled 'Gone'" in gone.note


def test_one_that_is_not_there_is_noted_and_the_notice_goes_out(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(site, source, notice(LINK))
    document = LinkedDocument.objects.get()
    assert document.due_at is None
    assert "404" in document.note
    assert waiting() == ["Office news"]


def test_a_server_that_is_busy_is_asked_again_for_ten_minutes_at_most(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages[PATH] = Page(b"", status=503)
        ask(site, source, notice(LINK))
        assert waiting() == []
        for _ in range(10):
            document = LinkedDocument.objects.get()
            if document.due_at is None:
                break
            assert document.due_at > database_now()
            elapsed = document.due_at - database_now()
            LinkedDocument.objects.update(due_at=database_now(), waits_until=document.waits_until - elapsed)
            read_due()
    assert "503" in LinkedDocument.objects.get().note
    assert 3 <= [path for path, _ in site.asked].count(PATH) <= 5
    assert waiting() == ["Office news"]


def test_one_that_comes_back_meanwhile_is_read(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages[PATH] = Page(b"", status=503)
        ask(site, source, notice(LINK))
        served(site)
        LinkedDocument.objects.update(due_at=database_now())
        assert read_due() == 1
    assert waiting() == ["Office news"]
    assert LinkedDocument.objects.get().text


def test_a_notice_goes_out_even_if_nobody_ever_asks_for_its_document(db: str) -> None:
    made = make.bulletin(state="unmatched", matched_at=None)
    now = database_now()
    LinkedDocument.objects.create(bulletin=made, position=0, url=LINK, due_at=now, waits_until=now + MINUTE)
    assert waiting() == []
    LinkedDocument.objects.update(waits_until=now)
    assert waiting() == [made.title]


def test_who_dies_while_fetching_costs_a_few_minutes_and_two_at_once_ask_once(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages[PATH] = Page(b"", status=503)
        ask(site, source, notice(LINK))
        LinkedDocument.objects.update(due_at=database_now())
        assert len(linked._claim()) == 1
        assert linked._claim() == []
        document = LinkedDocument.objects.get()
        assert document.due_at is not None
        assert MINUTE < document.due_at - database_now() < 4 * MINUTE
        assert document.due_at < document.waits_until


def test_parts_and_sources_that_link_to_one_document_ask_for_it_once(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        served(site)
        ask(
            site,
            source,
            notice(LINK, LINK, title="One of Monday"),
            notice(LINK, title="Other for Friday", mark=2),
        )
        assert [path for path, _ in site.asked].count(PATH) == 1
    assert LinkedDocument.objects.exclude(text="").count() == 2


def test_of_a_list_of_documents_the_first_are_read_and_that_is_noted(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(
            site, source, notice(*[f"https://www.maine.gov/files/{number}.pdf" for number in range(MOST + 3)])
        )
    assert LinkedDocument.objects.count() == MOST
    assert f"links to {MOST + 3} documents" in " ".join(Revision.objects.get().notes)


@pytest.mark.parametrize("link", ["https://www.maine.gov/files/form.docx", "https://www.maine.gov/pdf"])
def test_other_links_are_not_followed(db: str, link: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(site, source, notice(link))
    assert not LinkedDocument.objects.exists()
    assert waiting() == ["Office news"]


def test_what_was_there_before_is_not_fetched_and_what_is_held_is(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        served(site)
        ask(site, source, *[notice(LINK, title=f"Of {n} March, room {n}", mark=n) for n in range(12)])
        assert Bulletin.objects.filter(state="held").count() == 12
        assert LinkedDocument.objects.exclude(text="").count() == 12
        other = make.source("fresh", url=site.url("/fresh"), declared={"allow_private": True}, baselined_at=None)  # fmt: skip
        ask(site, other, notice(LINK, title="There already", mark=99))
    assert LinkedDocument.objects.count() == 12


def test_a_document_inside_our_network_is_refused(db: str) -> None:
    source = make.source(url="https://www.maine.gov/feed")
    made = make.bulletin(state="unmatched", matched_at=None, source=source)
    now = database_now()
    LinkedDocument.objects.create(
        bulletin=made,
        position=0,
        url="http://127.0.0.1/secret.pdf",
        due_at=now,
        waits_until=now + 10 * MINUTE,
    )
    assert read_due() == 1
    assert "loopback" in LinkedDocument.objects.get().note


def test_a_document_that_breaks_its_reader_is_noted(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages[PATH] = Page(pdf("x")[:180], type="application/pdf")
        ask(site, source, notice(LINK))
    assert "broken" in LinkedDocument.objects.get().note
    assert waiting() == ["Office news"]
