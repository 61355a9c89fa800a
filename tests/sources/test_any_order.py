"""Any order and any repetition of any polls of three sources, with joins, parts, corrections, reminders, revisions and new keys.

The same notices come out, and each goes out once.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import factories as make
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import LONG
from records import record

from dispatcher.models import Alias, Bulletin, Item, LinkedDocument, Origin, Revision, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import intake
from dispatcher.sources.declared import Declared
from dispatcher.sources.reading import Reading, Record

MAIL = "https://content.govdelivery.com/accounts/MEHHS/bulletins"
PAGES = "https://www.maine.gov/dhhs/about/rulemaking"
CMS = "https://news.example/post"


def page(number: str) -> Record:
    return record(
        f"Adopted Rule: Section {number}, Services", f"{PAGES}/adoption-{number}", body=f"<p>{LONG}</p>"
    )


def mail(number: str) -> Record:
    title = f"MaineCare Notice of Agency Rule-making Adoption: Chapter II, Section {number}, Services"
    return record(title, f"{MAIL}/39{number}", body="<p>A new rule.</p>")


DIGEST = record(
    "July 8 MaineCare Updates",
    f"{MAIL}/400",
    body="<p>In this message:</p><ul><li>Adopted Rule: Section 97, Services</li><li>Dental codes</li></ul>"
    f"<h2>Adopted Rule: Section 97, Services</h2><p>See <a href='{PAGES}/adoption-97'>it</a>.</p><h2>Dental codes</h2><p>New ones.</p>",
)
CORRECTION = record("Correction: Office hours on Monday", f"{MAIL}/401", body="<p>They begin at ten.</p>")
HOURS = record("Office hours on Monday", f"{MAIL}/402", body="<p>They begin at nine.</p>")
REMINDER = record("Reminder: Office hours on Monday", f"{MAIL}/403", body="<p>They begin at ten.</p>")


def news(number: int, key: str, more: str = "") -> Record:
    """What a system that gives out new guids has to say, and what it adds later."""
    title = ("Dental codes of spring", "Portal outage", "Survey of nursing homes", "Fee schedules")[number]
    body = f"<p>All about it: {title}, {number}.</p>{more}"
    return replace(record(title, f"{CMS}/{number}", body=body), guid=f"{key}{number}")


def rule(number: str, key: str) -> Record:
    title = f"Adopted Rule: Section {number}, Services"
    return replace(record(title, f"{CMS}/rule-{number}", body=f"<p>{LONG}</p>"), guid=f"{key}r{number}")


MORE = "<p>Since last week there is one more thing to know about it, which is this.</p>"

# What each poll of each of three sources finds.
POLLS = [
    ("mail", (mail("80"), mail("85"))),
    ("mail", (DIGEST, mail("80"))),
    ("mail", (CORRECTION, DIGEST)),
    ("mail", (HOURS, REMINDER)),
    ("page", (page("80"), page("97"))),
    ("page", (page("85"), page("80"))),
    ("page", ()),
    ("cms", (*(news(n, "a") for n in range(4)), rule("85", "a"))),
    ("cms", (*(news(n, "b") for n in range(4)), rule("85", "b"))),
    ("cms", (news(0, "a"), news(1, "b", MORE), news(2, "c"))),
    ("cms", (rule("97", "c"), rule("97", "c"))),
]
# The notices behind all of them: at which source, under which title and as which part of it each is seen.
RULE, PLAIN = (
    "Adopted Rule: Section {}, Services",
    "MaineCare Notice of Agency Rule-making Adoption: Chapter II, Section {}, Services",
)
NOTICES = {
    frozenset({("mail", PLAIN.format(80), ""), ("page", RULE.format(80), "")}),
    frozenset({("mail", PLAIN.format(85), ""), ("page", RULE.format(85), ""), ("cms", RULE.format(85), "")}),
    frozenset({
        ("mail", DIGEST.title, "adopted rule: section 97, services"), ("page", RULE.format(97), ""), ("cms", RULE.format(97), ""),
    }),
    frozenset({("mail", DIGEST.title, "dental codes")}),
    frozenset({("mail", CORRECTION.title, "")}),
    frozenset({("mail", HOURS.title, "")}),
    frozenset({("mail", REMINDER.title, "")}),
    *(frozenset({("cms", news(n, "").title, "")}) for n in range(4)),
}  # fmt: skip

orders = st.permutations(range(len(POLLS))).flatmap(
    lambda all_of_them: st.lists(st.sampled_from(range(len(POLLS))), max_size=6).map(
        lambda more: [*all_of_them, *more]
    )
)


def play(order: list[int]) -> Counter[int]:
    """How often each bulletin became one to mail."""
    Bulletin.objects.update(corrects=None, reminds_of=None)
    for model in (LinkedDocument, Origin, Bulletin, Revision, Alias, Item):
        model.objects.all().delete()
    went_out: Counter[int] = Counter()
    for number in order:
        slug, records = POLLS[number]
        take_in(make.source(slug), records)
        waiting = Bulletin.objects.filter(state="unmatched")
        went_out.update(waiting.values_list("id", flat=True))
        waiting.update(state="mailed")
    return went_out


def take_in(source: Source, records: tuple[Record, ...]) -> None:
    now = database_now()
    dated = tuple(replace(one, published_at=now - timedelta(hours=2)) for one in records)
    declared = Declared.of(source.kind, source.url, source.declared)
    with transaction.atomic():
        intake.take_in(source, Reading("", dated), declared, now, flood_limit=10)


def seen() -> set[frozenset[tuple[str, str, str]]]:
    """Of each notice, its sightings. What an entry came to say later corrects it, and is no other notice."""
    later = Bulletin.objects.filter(origins__revision__gt=1)
    return {
        frozenset(one.origins.values_list("item__source__slug", "item__title", "part"))
        for one in Bulletin.objects.exclude(id__in=later)
    }


def test_any_order_gives_the_same_bulletins_and_each_goes_out_once(db: str) -> None:
    @given(orders)
    @settings(max_examples=8, deadline=None)
    def plays(order: list[int]) -> None:
        went_out = play(order)
        assert seen() == NOTICES
        assert set(went_out.values()) == {1}
        assert set(went_out) == set(Bulletin.objects.values_list("id", flat=True))
        later = Bulletin.objects.filter(origins__revision__gt=1)
        assert set(later.values_list("corrects__title", flat=True)) <= {news(1, "").title}
        assert later.count() <= 1

    plays()


def test_a_second_time_through_brings_nothing(db: str) -> None:
    order = list(range(len(POLLS)))
    once = play(order)
    for number in order:
        slug, records = POLLS[number]
        take_in(make.source(slug), records)
    assert not Bulletin.objects.filter(state="unmatched").exists()
    assert Bulletin.objects.count() == len(once)
