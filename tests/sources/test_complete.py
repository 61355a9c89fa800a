"""E-mail messages whose feed holds only their beginning: fetched in full, split, and never mailed by halves. Real pages over HTTP."""

from datetime import timedelta

import pytest
from notices import LONG, ask, item, watched
from website import Page, Website

from dispatcher.models import Bulletin, Revision, Source, Waiting
from dispatcher.models.clock import database_now

PATH = "/accounts/MEHHS/bulletins/3913e5a"
LINK = f"https://content.govdelivery.com{PATH}"
RULE = "https://www.maine.gov/dhhs/about/rulemaking/adoption-2026-03-02"
DIGEST = (
    "<p><b>In this message:</b></p><ul><li>Dental codes</li><li>Adopted Rule: Section 80</li><li>Reminder: Licenses</li></ul>"
    f"<h2>Dental codes</h2><p>{LONG}</p><h2>Adopted Rule: Section 80</h2><p>See <a href='{RULE}'>the rule</a>.</p>"
    "<h2>Reminder: Licenses</h2><p>They are due.</p>"
)
CUT = item("July 8 MaineCare Updates", LINK, body="In this message: Dental codes, Adopted…")


def message(body: str) -> Page:
    page = f"<html><body><h1 class='bulletin_subject'>Updates</h1><div class='bulletin_body'>{body}</div></body></html>"
    return Page(page.encode(), type="text/html; charset=utf-8")


@pytest.mark.parametrize("body", ["", "It begins so…", "It begins so..."])
def test_what_is_cut_is_fetched_whole_and_is_no_revision_later(db: str, body: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        site.pages[PATH] = message(f"<p>{LONG}</p>")
        cut = item("About claims", LINK, body=body)
        assert ask(site, source, cut).new == 1
        again = ask(site, source, cut, item("Another", f"{LINK}0", body="Whole."))
        assert (again.new, again.revised) == (1, 0)
        assert [path for path, _ in site.asked].count(PATH) == 1
    assert LONG in Bulletin.objects.get(title="About claims").body_html


def test_what_is_whole_and_what_is_there_at_the_first_poll_is_not_fetched(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(site, source, item("About claims", LINK, body=LONG))
        Source.objects.update(baselined_at=None)
        ask(site, source, CUT)
        assert PATH not in [path for path, _ in site.asked]


def test_each_notice_of_a_message_is_a_bulletin_and_what_is_known_joins(db: str) -> None:
    with Website() as site:
        source, page = watched(site, "bulletins"), watched(site, "page")
        ask(site, page, item("Adopted Rule: Section 80, Pharmacy", RULE))
        Bulletin.objects.update(state="mailed")
        site.pages[PATH] = message(DIGEST)
        one = ask(site, source, CUT)
    assert (one.new, one.held) == (1, 0)
    assert list(Bulletin.objects.filter(state="unmatched").order_by("id").values_list("title", "type")) == [
        ("Dental codes", "notice"),
        ("Reminder: Licenses", "notice"),
    ]
    rule = Bulletin.objects.get(state="mailed")
    assert rule.further_links() == [LINK]
    assert set(Bulletin.objects.values_list("origins__part", flat=True)) == {
        "",
        "dental codes",
        "adopted rule: section 80",
        "reminder: licenses",
    }


def test_a_flood_counts_messages_and_not_their_parts(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        headings = [f"Notice {n} for Section {n}" for n in range(13, 33)]
        body = f"<p>In this message:</p><ul>{''.join(f'<li>{h}</li>' for h in headings)}</ul>"
        whole = body + "".join(f"<h2>{h}</h2><p>Text of {h}.</p>" for h in headings)
        one = ask(site, source, item("Updates", LINK, body=whole))
    assert (one.new, one.held) == (1, 0)
    assert Bulletin.objects.filter(state="unmatched").count() == 20


def test_a_part_that_changes_later_is_corrected_alone(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(site, source, item("Updates", LINK, body=DIGEST))
        ask(
            site,
            source,
            item("Updates", LINK, body=DIGEST.replace("They are due.", f"They are due in May. {LONG}")),
        )
    correction = Bulletin.objects.get(corrects__isnull=False)
    assert (correction.title, correction.corrects.title) == ("Reminder: Licenses",) * 2


def test_what_cannot_be_fetched_waits_an_hour_and_then_goes_out_with_its_title(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        one = ask(site, source, CUT)
        assert (one.new, one.outcome) == (0, "degraded")
        assert "whole text" in one.problem
        assert Source.objects.get().due_at - database_now() <= timedelta(minutes=10)
        assert ask(site, source, CUT).new == 0
        Waiting.objects.update(since=database_now() - timedelta(hours=1))
        assert ask(site, source, CUT).new == 1
        site.pages[PATH] = message(DIGEST)
        assert ask(site, source, CUT).revised == 0
    assert Bulletin.objects.get().title == "July 8 MaineCare Updates"
    assert "could not be fetched" in " ".join(Revision.objects.get().notes)
    assert not Waiting.objects.exists()


def test_what_can_be_fetched_at_the_next_poll_goes_out_whole(db: str) -> None:
    with Website() as site:
        source = watched(site, "bulletins")
        ask(site, source, CUT)
        site.pages[PATH] = message(DIGEST)
        assert ask(site, source, CUT).new == 1
    assert Bulletin.objects.count() == 3
    assert not Waiting.objects.exists()
