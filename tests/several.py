"""Messages about several bulletins for tests: the notices of an e-mail message, and who reads which of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from office import AGENCY, BARE_AGENCY, BILLING, HOSPITAL, translated
from samples import BOUNDARY, BULLETINS, LINKS, LONG_TITLE, MANY, PLAIN, SENT_AT

from dispatcher.messages import several
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact, BulletinContent, Links, Reason
from dispatcher.messages.language import USUAL, Variant
from dispatcher.messages.several import Entry, Other, Sending, Whole

WHOLE = Whole(
    title="August 21 Updates of the Office of Examples",
    url="https://content.example.gov/bulletins/3e3c6b9",
    source_name="Messages of the Office of Examples",
    published_at=SENT_AT,
)
FIRST, SECOND = replace(BILLING, position=1), replace(HOSPITAL, position=2)
OFFICE_HOURS = replace(
    BULLETINS["correction"][0],
    corrects=False,
    changes=(),
    title="Office hours about claims",
    source_name=WHOLE.source_name,
)


def entry(number: int, content: BulletinContent, *reasons: Reason) -> Entry:
    return Entry(content=content, reasons=reasons, links=Links(LINKS.public_url, number))


def sending(agency: AgencyContact, variant: Variant = USUAL) -> Sending:
    return Sending(
        agency=agency,
        mailing_id=8,
        public_url=LINKS.public_url,
        sent_at=SENT_AT,
        boundary=BOUNDARY,
        variant=variant,
    )


def told(entries: list[Entry], variant: Variant) -> list[Entry]:
    """With the reasons in the language of the variant."""
    return [
        replace(one, reasons=[translated(why, variant.language) for why in one.reasons]) for one in entries
    ]


def parts(variant: Variant) -> Composed:
    return several.parts(WHOLE, told(NOTICES, variant), OTHERS, sending(AGENCY, variant))


NOTICES = [
    entry(42, PLAIN, FIRST, SECOND),
    entry(43, OFFICE_HOURS, FIRST),
    entry(44, replace(PLAIN, title="Rates of clinics"), SECOND),
]
OTHERS = [Other(title="Survey of providers", url="https://content.example.gov/bulletins/3e3c6b9")]
CROWD = [
    entry(
        number,
        replace(
            PLAIN,
            title=f"{number}. {LONG_TITLE}",
            body_html=f"<p>{name}, as it is. {'Many words. ' * 200}</p>",
        ),
        FIRST,
        SECOND,
    )
    for number, name in enumerate(MANY, 1)
]

DAY = date(2026, 8, 21)
TALK = replace(PLAIN, title="MaineCare Updates", source_name="Bulletins", body_html="<p>Talk of claims.</p>")
DIGEST = [
    *NOTICES,
    entry(45, BULLETINS["correction"][0], SECOND),
    entry(46, TALK, FIRST),
    entry(47, replace(TALK, published_at=None), FIRST),
    entry(48, BULLETINS["nasty"][0], FIRST, SECOND),
    entry(49, BULLETINS["arabic"][0], SECOND),
    entry(51, BULLETINS["blast"][0], FIRST),
    entry(50, BULLETINS["events"][0], SECOND),
]
SEVERAL: dict[str, Callable[[Variant], Composed]] = {
    "daily": lambda variant: several.digest("daily", DAY, told(DIGEST, variant), sending(AGENCY, variant)),
    "parts": parts,
}
MORE_SEVERAL: dict[str, Callable[[Variant], Composed]] = {
    "bare-weekly": lambda variant: several.digest("weekly", DAY, NOTICES[1:2], sending(BARE_AGENCY, variant)),
    "crowded-daily": lambda variant: several.digest("daily", DAY, CROWD, sending(AGENCY, variant)),
    "bare-parts": lambda variant: several.parts(
        replace(WHOLE, published_at=None, url=""), NOTICES[1:2], [], sending(BARE_AGENCY, variant)
    ),
    "crowded-parts": lambda variant: several.parts(WHOLE, CROWD[:20], [], sending(AGENCY, variant)),
}
# What the reader of most tests is told, by the beginning of the name: all, but for the last of the notices.
TOLD = {
    "daily": tuple(str(one) for one in range(42, 52)),
    "bare-weekly": ("43",),
    "crowded-daily": tuple(str(one) for one in range(1, 61)),
    "parts": ("42", "43"),
    "bare-parts": ("43",),
    "crowded-parts": tuple(str(one) for one in range(1, 20)),
}
