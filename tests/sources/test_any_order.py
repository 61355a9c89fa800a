"""Any order and any repetition of any polls of two sources: the same bulletins, and each goes out once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import factories as make
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import LONG
from records import record

from dispatcher.models import Alias, Bulletin, Item, Origin, Revision, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import intake
from dispatcher.sources.declared import Declared
from dispatcher.sources.reading import Reading, Record

MAIL = "https://content.govdelivery.com/accounts/MEHHS/bulletins"
PAGES = "https://www.maine.gov/dhhs/about/rulemaking"
NUMBERS = ("80", "85", "97")


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

POLLS = [
    ("mail", (mail("80"), mail("85"))),
    ("mail", (DIGEST, mail("80"))),
    ("mail", (CORRECTION, DIGEST)),
    ("mail", (HOURS,)),
    ("page", (page("80"), page("97"))),
    ("page", (page("85"), page("80"))),
    ("page", ()),
]
# The notices behind all of them: the items, and the part of them, that each is seen as.
NOTICES = {
    frozenset({("govdelivery:3980", ""), ("notice:/dhhs/about/rulemaking/adoption-80", "")}),
    frozenset({("govdelivery:3985", ""), ("notice:/dhhs/about/rulemaking/adoption-85", "")}),
    frozenset({("govdelivery:400", "adopted rule: section 97, services"), ("notice:/dhhs/about/rulemaking/adoption-97", "")}),
    frozenset({("govdelivery:400", "dental codes")}),
    frozenset({("govdelivery:401", "")}),
    frozenset({("govdelivery:402", "")}),
}  # fmt: skip

orders = st.permutations(range(len(POLLS))).flatmap(
    lambda all_of_them: st.lists(st.sampled_from(range(len(POLLS))), max_size=6).map(
        lambda more: [*all_of_them, *more]
    )
)


def play(order: list[int]) -> Counter[int]:
    """How often each bulletin became one to mail."""
    Bulletin.objects.update(corrects=None)
    for model in (Origin, Bulletin, Revision, Alias, Item):
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


def seen() -> set[frozenset[tuple[str, str]]]:
    return {frozenset(one.origins.values_list("item__identity", "part")) for one in Bulletin.objects.all()}


def test_any_order_gives_the_same_bulletins_and_each_goes_out_once(db: str) -> None:
    @given(orders)
    @settings(max_examples=8, deadline=None)
    def plays(order: list[int]) -> None:
        went_out = play(order)
        assert seen() == NOTICES
        assert set(went_out.values()) == {1}
        assert len(went_out) == len(NOTICES)

    plays()
