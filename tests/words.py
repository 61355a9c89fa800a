"""The words of messages, as translators get them: taken from templates and code, and a language made of them that is written from right to left.

Nobody speaks that language: each letter of an English text is swapped for an Arabic one. So whatever a message says has its
translation, words that went past gettext stand out, and nobody has to translate for the tests.
"""

import io
import re
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from dispatcher.messages.language import Language

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "templates" / "languages" / "messages.pot"
_METHODS = [
    ("dispatcher/messages/**.py", "python"),
    ("templates/messages/**.html", "jinja2"),
    ("templates/messages/**.txt", "jinja2"),
]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "later": None}
_OPTIONS = {"templates/messages/**": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
_LEFT_ALONE = re.compile(r"(%\(\w+\)s|<[^>]+>)")
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهابتثجحخدذرزسشصضطظعغفقكلمنه",
)


def extracted() -> Catalog:
    """Every text that messages say, each with the files in which it stands."""
    catalog = Catalog(
        project="mainecare-dispatcher",
        copyright_holder="the authors",
        header_comment="# Words of messages, for translators: copy to the code of your language, such as es.po.",
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),  # a date that moved would hide what changed
    )
    found = extract_from_dir(
        str(ROOT), _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=(), directory_filter=_is_ours
    )
    for file, _, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        catalog.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    return catalog


def as_file(catalog: Catalog) -> bytes:
    """As it lies in the repository: without line numbers, which move whenever somebody edits."""
    file = io.BytesIO()
    write_po(file, catalog, include_lineno=False, sort_output=True)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b'"Generated-By'))


def swapped(text: str) -> str:
    """What the made-up language says for it."""
    parts = _LEFT_ALONE.split(text)
    return "".join(part if place % 2 else part.translate(_LETTERS) for place, part in enumerate(parts))


@cache
def made_up_catalog() -> Catalog:
    """All of it, with six plural forms like Arabic."""
    catalog = Catalog(locale="ar")
    for message in extracted():
        if not message.id:
            continue
        if message.pluralizable:
            forms = [swapped(message.id[1])] * catalog.num_plurals
            forms[1] = swapped(message.id[0])  # the form for one thing; the first is for none
            catalog.add(message.id, forms)
        else:
            catalog.add(message.id, swapped(message.id))
    return catalog


@cache
def made_up() -> Language:
    """The made-up language. Its dates are Arabic."""
    file = io.BytesIO()
    write_mo(file, made_up_catalog())
    file.seek(0)
    return Language("ar", GNUTranslations(file))


def _is_ours(folder: str | Path) -> bool:
    relative = Path(folder).relative_to(ROOT).parts
    return not relative or relative[0] in {"dispatcher", "templates"}
