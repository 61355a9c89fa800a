"""What one value of topics.yaml may be: each function takes the text and gives the value, or says in a ValueError what was wanted.

Looks at one value alone: whether it fits its neighbours is asked in `catalog`.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import cssselect

from dispatcher.errors import BadAddress
from dispatcher.formats import address, words
from dispatcher.formats.sections import Section, parse_declared

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_URL = 2_000
_LONGEST_EXPRESSION = 300  # also keeps nested brackets from exhausting the stack of who reads them


class _Translator(cssselect.HTMLTranslator):
    def xpath_contains_function(self, *_: object) -> cssselect.xpath.XPathExpr:
        # No standard CSS, and lxml 6.1's version of it reads freed memory from the second document on.
        raise cssselect.ExpressionError("`:contains()` is not supported; use `patterns`")


def line(longest: int) -> Callable[[str], str]:
    """One line of text without anything invisible."""

    def parse(text: str) -> str:
        text = text.strip()
        if len(text) > longest or any(_invisible(char) for char in text):
            raise ValueError(f"one line of at most {longest} characters, none of them invisible")
        return text

    return parse


def prose(text: str) -> str:
    """Text of one or more lines."""
    text = text.strip()
    if len(text) > 2_000 or any(_invisible(char) for char in text if char != "\n"):
        raise ValueError("at most 2000 characters, none of them invisible")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return parse


def count(low: int, high: int) -> Callable[[str], int]:
    """A whole number."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def day(text: str) -> date:
    """A date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date such as 2026-08-21") from None


def slug(text: str) -> str:
    """The name that links, feeds and subscriptions are tied to."""
    if not _SLUG.fullmatch(text) or len(text) > 80 or text == "all":
        raise ValueError(
            "lower-case letters, digits and single hyphens, at most 80; `all` belongs to the feed of everything"
        )
    return text


def web_address(*, any_port: bool) -> Callable[[str], str]:
    """A link, or the address of a source."""
    wanted = "an address that begins with http:// or https://"

    def parse(text: str) -> str:
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            raise ValueError(wanted) from None
        if (
            url.scheme not in {"http", "https"}
            or not url.hostname
            or len(text) > _LONGEST_URL
            or _has_gap(text)
        ):
            raise ValueError(wanted)
        if url.username is not None:
            raise ValueError("an address without a name or password in it")
        if port not in {None, 80, 443} and not any_port:
            raise ValueError("port 80 or 443, or `allow_private: true` for a server of your own")
        return text

    return parse


def header(text: str) -> str:
    """What a request may carry as its User-Agent."""
    if not text.isascii() or not text.isprintable() or len(text) > 200:
        raise ValueError("at most 200 plain ASCII characters")
    return text


def mailbox(text: str) -> str:
    """An e-mail address."""
    try:
        return address.parse(text)
    except BadAddress as wrong:
        raise ValueError(f"{wrong.remedy} ({wrong.problem})") from None


def sender(text: str) -> str:
    """An e-mail address, with or without a name before it."""
    text = line(200)(text)
    name, found = parseaddr(text)
    if not found or not text.endswith((found, f"<{found}>")):
        raise ValueError("name@example.gov, or MaineCare <name@example.gov>")
    return f"{name} <{mailbox(found)}>" if name else mailbox(found)


def telephone(text: str) -> str:
    """A telephone number, as one would print it."""
    if len(re.findall("[0-9]", line(60)(text))) < 3:
        raise ValueError("a telephone number")
    return text


def time_zone(text: str) -> str:
    """A name of the time zone database."""
    if text not in available_timezones():
        raise ValueError("a zone name such as America/New_York")
    return text


def selector(text: str) -> str:
    """A CSS selector."""
    _check_length(text)
    try:
        _Translator().css_to_xpath(text)
    except cssselect.SelectorError as wrong:
        raise ValueError(f"a CSS selector ({wrong})") from None
    return text


def pattern(text: str) -> str:
    """A regular expression that cuts one piece out of a title."""
    _check_length(text)
    try:
        groups = re.compile(text).groups
    except (re.error, OverflowError) as wrong:
        raise ValueError(f"a regular expression ({wrong})") from None
    if groups != 1:
        raise ValueError("a regular expression with one (group): the piece to keep")
    return text


def section(text: str) -> Section:
    """A section of the Benefits Manual."""
    try:
        return parse_declared(text)
    except ValueError as wrong:
        raise ValueError(f"a section of the manual ({wrong})") from None


def term(text: str) -> str:
    """What a rule looks for: a word, a phrase, or the beginning of a word."""
    try:
        words.phrase(line(200)(text))
    except ValueError as wrong:
        raise ValueError(f"a word, a phrase in order, or the beginning of a word and * ({wrong})") from None
    return text


def _check_length(text: str) -> None:
    if len(text) > _LONGEST_EXPRESSION:
        raise ValueError(f"at most {_LONGEST_EXPRESSION} characters")


def _invisible(char: str) -> bool:
    # Control and formatting characters, halves of surrogate pairs, line and paragraph separators: they forge headers, turn
    # the order of letters round, or hide in a name that looks like another.
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _has_gap(text: str) -> bool:
    return any(char.isspace() or _invisible(char) for char in text)
