"""Language: how a message says things to a person: translated words, dates, times and numbers. Pure; `translations` reads the files.

English is the language of the source texts, and what is missing in another is said in English. English dates keep a style of their
own, with the abbreviations of our notices; those of other languages are Babel's.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.numbers import format_decimal

_ZONES = {"America/New_York": "Eastern", "America/Chicago": "Central"}


def later(message: str) -> str:
    """Marks a text of a table, which is translated where it is used."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as in a message's `lang`: en, es, ar."""

    code: str
    translations: NullTranslations = field(default_factory=NullTranslations, compare=False, repr=False)

    @property
    def is_english(self) -> bool:
        """The language of the source texts, and of the notices that we pass on."""
        return self.code == "en"

    @property
    def direction(self) -> str:
        """How it is written: ltr or rtl."""
        return "ltr" if self.is_english else Locale.parse(self.code).text_direction

    @property
    def name(self) -> str:
        """As its speakers call it."""
        return Locale.parse(self.code).get_display_name() or self.code

    def gettext(self, message: str, **values: str) -> str:
        """The message in this language, with the values in their places."""
        return self.translations.gettext(message) % values

    def ngettext(self, one: str, many: str, number: int, **values: str) -> str:
        """As above; which of its forms is said goes by the number. `%(count)s` is the number as people write it."""
        return self.translations.ngettext(one, many, number) % {"count": self.number(number), **values}

    def isolated(self, english: str) -> str:
        """English words as they stand among words of this language, without turning the direction of what is around them."""
        return (
            english
            if self.direction == "ltr"
            else f"\N{FIRST STRONG ISOLATE}{english}\N{POP DIRECTIONAL ISOLATE}"
        )

    def number(self, number: int) -> str:
        """`24,117`."""
        return f"{number:,}" if self.is_english else format_decimal(number, locale=self.code)

    def month_and_day(self, day: date) -> str:
        """`March 26`."""
        return f"{day:%B} {day.day}" if self.is_english else format_skeleton("MMMMd", day, locale=self.code)

    def day(self, day: date) -> str:
        """`March 26, 2024`."""
        if self.is_english:
            return f"{self.month_and_day(day)}, {day.year}"
        return format_date(day, "long", locale=self.code)

    def weekday(self, day: date) -> str:
        """`Tuesday, March 26, 2024`."""
        return f"{day:%A}, {self.day(day)}" if self.is_english else format_date(day, "full", locale=self.code)

    def clock(self, at: time) -> str:
        """`2:00 p.m.`."""
        if self.is_english:
            return f"{at.hour % 12 or 12}:{at.minute:02} {'a.m.' if at.hour < 12 else 'p.m.'}"
        return format_time(at, "short", locale=self.code)

    def zone(self, zone: ZoneInfo, otherwise: str) -> str:
        """`Eastern`; of a zone that English has no short name for, what is given."""
        if self.is_english:
            return _ZONES.get(zone.key, otherwise)
        return get_timezone_name(zone, "long", zone_variant="generic", locale=self.code)

    def moment(self, when: datetime, zone: ZoneInfo) -> str:
        """`March 26, 2024, 2:00 p.m. Eastern`; the day alone where the source gave no time."""
        local = when.astimezone(zone)
        if local.time() == time():
            return self.day(local)
        return self.gettext(
            "%(day)s, %(time)s %(zone)s",
            day=self.day(local),
            time=self.clock(local.time()),
            zone=self.zone(zone, local.tzname() or ""),
        )


ENGLISH = Language("en")


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the forms in which a message is composed: each person gets the one that they chose."""

    language: Language = ENGLISH
    plain_text: bool = False


USUAL = Variant()
