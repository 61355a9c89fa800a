"""Translations: the languages in which messages are written, read from `templates/languages`. The only reader of catalogs.

A catalog is a .po file and is read as it is: there is no compiled copy that could be old. To add a language, put its .po file beside
the others and its code into OFFERED.
"""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from dispatcher import config
from dispatcher.messages.language import ENGLISH, Language

# What people may choose, by code, the first by default. A catalog that lacks a sentence is no translation: a test refuses it here.
OFFERED = ("en",)
FOLDER = config.bundled("templates") / "languages"


def offered() -> list[Language]:
    """What people may choose, the default first."""
    return [of(code) for code in OFFERED]


def of(code: str) -> Language:
    """The language; English if it is not offered, or not any more."""
    return _read(code) if code in OFFERED and code != ENGLISH.code else ENGLISH


@cache
def _read(code: str) -> Language:
    with (FOLDER / f"{code}.po").open("rb") as file:
        catalog = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Language(code, GNUTranslations(compiled))
