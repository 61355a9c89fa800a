"""One notice, one bulletin: the same news at several sources, corrections, reposts and reminders, polled for real on both databases."""

from datetime import timedelta

from notices import LONG, ask, item, watched
from website import Website

from dispatcher.models import Bulletin, Origin, Revision, Source
from dispatcher.models.clock import database_now

SITE = "https://notices.example"
RULE = "https://www.maine.gov/dhhs/about/rulemaking/adoption-2026-03-02"
TITLE = "MaineCare Notice of Agency Rule-making Adoption: Chapter II, Section 80, Pharmacy Services"


def only() -> Bulletin:
    return Bulletin.objects.get()


def test_a_later_sighting_at_another_source_joins_and_adds_its_link(db: str) -> None:
    with Website() as site:
        policy, page = watched(site, "policy-rules"), watched(site, "page")
        ask(site, policy, item(TITLE, f"{SITE}/1", body="Short."))
        Bulletin.objects.update(state="mailed")
        ask(site, page, item("Adopted Rule: Section 80, Pharmacy Services", RULE, body=LONG))
        assert ask(site, page, item("Adopted Rule: Section 80, Pharmacy Services", RULE, body=LONG)).new == 0
    assert only().state == "mailed"
    assert only().further_links() == [RULE]
    assert Origin.objects.filter(bulletin=only()).count() == 2


def test_an_address_that_names_a_notice_joins_after_months(db: str) -> None:
    with Website() as site:
        policy, page, third = (watched(site, slug) for slug in ("policy-rules", "page", "third"))
        ask(site, policy, item(TITLE, f"{SITE}/1"))
        ask(site, page, item("Adopted Rule: Section 80, Pharmacy Services", RULE))
        Bulletin.objects.update(first_seen_at=database_now() - timedelta(days=200), state="mailed")
        ask(site, third, item("Adopted Rule: Section 80", RULE))
    assert only().origins.count() == 3


def test_adoptions_of_two_sections_are_two_however_alike(db: str) -> None:
    with Website() as site:
        policy, page = watched(site, "policy-rules"), watched(site, "page")
        ask(site, policy, item(TITLE, f"{SITE}/80", body=LONG))
        ask(site, page, item(TITLE.replace("80", "85"), f"{SITE}/85", body=LONG))
    assert Bulletin.objects.filter(state="unmatched").count() == 2


def test_what_is_news_here_lets_go_what_was_held_there(db: str) -> None:
    with Website() as site:
        policy, page = watched(site, "policy-rules"), watched(site, "page", late_after_days=0)
        old = timedelta(days=90)
        assert ask(site, policy, item(TITLE, RULE, age=old)).held == 1
        ask(site, page, item(TITLE, RULE, age=old))
    assert (only().state, only().held_because) == ("unmatched", "")


def test_what_a_person_discarded_stays_so(db: str) -> None:
    with Website() as site:
        policy, page = watched(site, "policy-rules"), watched(site, "page")
        ask(site, policy, item(TITLE, RULE))
        Bulletin.objects.update(state="dismissed")
        ask(site, page, item(TITLE, RULE))
    assert only().state == "dismissed"


def test_the_first_poll_of_a_source_swallows_old_notices_and_no_fresh_one(db: str) -> None:
    with Website() as site:
        policy = watched(site, "policy-rules", late_after_days=0)
        page = watched(site, "page")
        Source.objects.filter(id=page.id).update(baselined_at=None)
        old = item("340B Overview", f"{SITE}/files/340b.pdf", age=timedelta(days=20))
        ask(site, page, item(TITLE, RULE), old)
        assert set(Bulletin.objects.values_list("state", flat=True)) == {"baseline"}
        ask(site, policy, item(TITLE, RULE), old)
    assert dict(Bulletin.objects.values_list("title", "state")) == {
        TITLE: "unmatched",
        "340B Overview": "baseline",
    }


def test_within_one_source_only_an_equal_text_joins(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("MaineCare Updates", f"{SITE}/1", body=LONG))
        ask(
            site,
            source,
            item("MaineCare Updates", f"{SITE}/1", body=LONG),
            item("MaineCare Updates", f"{SITE}/2", body=LONG),
            item("MaineCare Updates", f"{SITE}/3", body=f"{LONG} More."),
        )
    assert Bulletin.objects.count() == 2


def test_a_marked_message_corrects_the_one_it_speaks_of_and_says_what_changed(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        first = item("Portal closed on Saturday", f"{SITE}/1", body=f"{LONG} It closes at 6 p.m.")
        ask(site, source, first)
        again = item(
            "Updated: Portal closed on Saturday",
            f"{SITE}/2",
            body=f"{LONG} It closes at 10 p.m.",
            age=timedelta(0),
        )
        ask(site, source, again, first)
    earlier, later = Bulletin.objects.order_by("id")
    assert later.corrects == earlier
    assert later.changes == [
        {"kind": "changed", "before": "It closes at 6 p.m.", "after": "It closes at 10 p.m."}
    ]


def test_a_correction_never_joins_the_notice_it_corrects_and_joins_itself_elsewhere(db: str) -> None:
    with Website() as site:
        news, page = watched(site, "news"), watched(site, "page")
        ask(site, news, item(TITLE, f"{SITE}/1", body=LONG))
        for source in (page, news):
            ask(site, source, item(f"{TITLE} (Effective Date Corrected)", f"{SITE}/{source.slug}", body=LONG))
    first, correction = Bulletin.objects.order_by("id")
    assert (correction.corrects, correction.origins.count()) == (first, 2)


def test_a_mark_without_its_original_stands_alone_with_a_note(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Correction: Rates for dentists", f"{SITE}/1"))
    assert only().corrects is None
    assert "correction" in Revision.objects.get().notes[0]


def test_a_reminder_is_a_bulletin_of_its_own_that_names_what_it_recalls(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Licenses are due in May", f"{SITE}/1", body=LONG))
        ask(site, source, item("Reminder: Licenses are due in May", f"{SITE}/2", body=LONG))
    first, reminder = Bulletin.objects.order_by("id")
    assert (reminder.reminds_of, reminder.corrects, reminder.state) == (first, None, "unmatched")


def test_a_title_that_becomes_a_reminder_in_place_reminds_and_corrects_nothing(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Licenses are due in May", f"{SITE}/1", body=LONG))
        ask(site, source, item("Reminder: Licenses are due in May", f"{SITE}/1", body=LONG))
    first, reminder = Bulletin.objects.order_by("id")
    assert (reminder.reminds_of, reminder.corrects, reminder.state) == (first, None, "unmatched")


def test_a_title_that_becomes_a_repost_in_place_is_silent(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item(TITLE, f"{SITE}/1", body="<a href='/files/a.pdf'>It</a>"))
        again = item(
            f"{TITLE} (re-posted to update links)", f"{SITE}/1", body="<a href='/files/b.pdf'>It</a>"
        )
        assert ask(site, source, again).revised == 1
    assert only().title == TITLE


def test_a_repost_joins_silently(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item(TITLE, f"{SITE}/1", body="See here."))
        ask(site, source, item(f"{TITLE} (re-posted to update links)", f"{SITE}/2", body="See there."))
    assert only().further_links() == [f"{SITE}/2"]


def test_a_proposal_whose_page_becomes_the_adoption_is_a_new_notice(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Proposed Rule: Section 80", RULE))
        ask(site, source, item("Adopted Rule: Section 80", RULE))
    _, adopted = Bulletin.objects.order_by("id")
    assert (adopted.type, adopted.corrects, adopted.state) == ("adopted", None, "unmatched")


def test_one_correction_at_two_sources_is_one_and_the_fourth_of_an_item_is_silent(db: str) -> None:
    with Website() as site:
        news, page = watched(site, "news"), watched(site, "page")
        for day in range(1, 7):
            for source in (news, page):
                ask(site, source, item(f"Adopted Rule: Section 80, hearing on May {day}", RULE, body=LONG))
    assert Bulletin.objects.filter(corrects__isnull=False).count() == 3
    assert Bulletin.objects.filter(corrects__isnull=True).count() == 1


def test_another_article_at_the_same_address_and_guid_is_news_and_corrects_nothing(db: str) -> None:
    first = (
        "Rates for personal care services rise in January. " * 2
        + "Providers bill the new codes from the first of the month on."
    )
    other = (
        "The portal is closed on Sunday night for maintenance. " * 2
        + "Claims that are sent meanwhile wait until Monday morning."
    )
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Rates of personal care", f"{SITE}/latest", "g1", first))
        ask(site, source, item("Portal closed on Sunday", f"{SITE}/latest", "g1", other))
        assert [one.corrects for one in Bulletin.objects.order_by("id")] == [None, None]
        ask(
            site,
            source,
            item(
                "Outage of the portal on Sunday, rescheduled",
                f"{SITE}/latest",
                "g1",
                other + " It takes four hours instead of the two announced before.",
            ),
        )
    *_, latest = Bulletin.objects.order_by("id")
    assert latest.corrects is not None
