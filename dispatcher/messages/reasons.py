"""Reasons in other languages: the evidence of a match, said anew. Rows keep the English sentence, which readers of English get."""

from collections.abc import Mapping
from typing import Any

from dispatcher.messages.language import Language, later

_SAYS = {
    "title": later("it says “%(words)s” in the title"),
    "body": later("it says “%(words)s” in the text"),
    "document": later("it says “%(words)s” in a linked document"),
    "category": later("it says “%(words)s” in its category"),
    "source": later("it says “%(words)s” in the name of its source"),
    "link": later("it says “%(words)s” in its link"),
}
_CITES = {
    "title": later("it cites “%(words)s” in the title"),
    "body": later("it cites “%(words)s” in the text"),
    "document": later("it cites “%(words)s” in a linked document"),
    "category": later("it cites “%(words)s” in its category"),
    "source": later("it cites “%(words)s” in the name of its source"),
    "link": later("it cites “%(words)s” in its link"),
}
_SENTENCES = {
    "says": _SAYS,
    "cites": _CITES,
    "comes from": {"source": later("it is published by the source “%(words)s”")},
    "corrects": {"title": later("it corrects “%(words)s”")},
    "by hand": {"": later("our staff found that it concerns this topic")},
    "staff": {"": later("the staff who wrote this message chose it")},
}
_TYPES = {
    "notice": later("it is a notice"),
    "proposed": later("it is a proposed rule"),
    "adopted": later("it is an adopted rule"),
    "emergency": later("it is an emergency rule"),
    "methodology": later("it is a reimbursement methodology notice"),
    "waiver": later("it is a waiver notice"),
}


def said(evidence: Mapping[str, Any], language: Language) -> str:
    """Why a reader of this language gets it. Empty in English, and for evidence of a kind that we don't know: then the row's sentence stands."""
    sentence = _SENTENCES.get(evidence.get("kind", ""), {}).get(evidence["field"])
    if language.is_english or sentence is None:
        return ""
    found = language.gettext(sentence, words=language.isolated(evidence.get("words", "")))
    of_type = _TYPES.get(evidence.get("of_type", ""))
    if of_type is None:
        return found
    return language.gettext("%(type)s, and %(reason)s", type=language.gettext(of_type), reason=found)
