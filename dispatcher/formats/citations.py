"""Other bodies of law: tells when a section number belongs to a statute, another rule or a form, not to the Benefits Manual.

The table says how each is named and what a number of its own looks like. A citation with its own number is used up by it; one
without claims the section numbers that follow. Judges one folded sentence; knows nothing of the manual's sections.
"""

import re
from dataclasses import dataclass

from dispatcher.formats.section_lists import CHAPTER_WORD, MANUAL, SECTION_WORD

_STATUTES = r"M\.? ?R\.? ?S(?:\.? ?A)?\b\.?"
_CODE = (
    rf"(?:(?<!\w)\d{{1,2}}(?:-[A-Z])? )?(?<!\w)(?:U\.? ?S\.? ?C(?:\.? ?A)?\b\.?|C\.? ?F\.? ?R\b\.?|{_STATUTES}"
    r"|U\.S\. Code\b|Code of Federal Regulations\b|Maine Revised Statutes\b(?: Annotated\b)?)"
)
_YEARLY_LAW = (
    r"(?<!\w)(?:(?:P|Pub)\. ?L\.|PL\b|(?i:public|private and special) Laws?\b|L\. ?D\.|LD\b"
    r"|Resolves?(?=,? (?:\d{4}|ch|c\.|To\b)))"
)
_AGENCY_RULE = (
    r"\b(?!10-144)\d\d-\d{3}(?:,? C\. ?M\. ?R\.?|,? CMR\b)(?:,? (?i:ch\.|chapter) ?\d+)?|\b10-14[5-9]\b"
)
_OTHER_CHAPTER = r"(?!101\b)(?:1[1-9]|[2-9]\d|\d{3,4})(?:-[A-Z])?(?!\w|\.\d)"
# Of the acts, those that notices call by their letters alone.
_ACRONYMS = r"(?:ACA|PPACA|ADA|ARPA|CAA|CARES|EMTALA|FFCRA|FMLA|HIPAA|IDEA|IRA|OBRA|SSA)\b"

# "Benefits Manual" is ours, and so is what a writer simply calls the manual.
_OURS = "".join(
    f"(?<!{word} )"
    for word in ["benefits", "Benefits", "MaineCare", "Policy", "policy", "The", "the", "This", "this", "our"]
)
_OTHER_MANUAL = rf"(?<=\w ){_OURS}(?:Manual|MANUAL)\b"

# Possessive throughout: what a number or a list has taken it keeps, or hostile text could be cut up in endless ways.
_NUMBER = r"\d[\w.-]*+(?:\(\w{1,5}\))*+"
_ANY_NUMBER = re.compile(_NUMBER)
_PART_WORD = r"(?i:title|part|subpart|article|chapters?|chs?\.?|cc?\.|nos?\.?)"
_LETTERED = r"[A-Z]{1,4}(?:-\d+)?\b"
_PARTS = rf"(?:[ ,]*+{_PART_WORD} ?{_NUMBER})*+"
_ALSO = r"(?:,? (?:and|or|&|through|to) |, ?|; ?| ?- ?)"
_SECTIONS = rf"[ ,:(]*+{SECTION_WORD} ?{_NUMBER}(?:{_ALSO}(?:§§? ?)?{_NUMBER})*+"


@dataclass(frozen=True, slots=True)
class Body:
    """A body of law. `named`: how it is written; `number`: a number of its own, right behind its name."""

    named: str
    number: str


BODIES: dict[str, Body] = {
    # 42 CFR 447.205 · 22 M.R.S. §§ 42, 3173-J(2) · Maine Revised Statutes, Title 22, Section 3173
    "code": Body(
        _CODE,
        rf"(?=[ ,]*+{_PART_WORD} ?\d){_PARTS}(?:{_SECTIONS})?"
        rf"|{_SECTIONS}|[ ,]*+{_NUMBER}(?:{_ALSO}{_NUMBER})*+",
    ),
    # P.L. 2023, ch. 412, Part QQQ, Sec. 5 · Public Law 116-136 · Resolve 2021, ch. 117
    "law": Body(
        _YEARLY_LAW,
        rf"[ ,]*+(?:of )?(?:{_PART_WORD} ?)?{_NUMBER}"
        rf"(?:[ ,]*+{_PART_WORD} ?(?:{_NUMBER}|{_LETTERED}))*+"
        rf"(?:[ ,]*+{SECTION_WORD} ?(?:{_NUMBER}|{_LETTERED}))?+",
    ),
    # Title 22, Chapter 855, § 3173 · Title 5, M.R.S. § 8054
    "title": Body(
        rf"\b(?i:title) (?:\d+(?:-[A-Z])?(?:,? (?:of the )?{_STATUTES})?|[IVXL]+(?=,? ?(?:{SECTION_WORD}) ?\d))",
        _PARTS + _SECTIONS,
    ),
    # Affordable Care Act (ACA), Section 6401
    "act": Body(
        r"\b(?:Act|ACT)(?:'s)?(?: of \d{4})?(?: ?\((?!(?i:sec)|§)[^()]{1,40}\))?"
        r"(?=,| \(?(?:at )?(?i:sec)| ?\(?§)"
        rf"|\b{_ACRONYMS}(?=(?: \(?(?i:sec)| ?\(?§))",
        rf"(?: at(?= ))?{_SECTIONS}",
    ),
    # 06-096 C.M.R. ch. 101, § 5 · 10-148 Ch. 16
    "agency": Body(_AGENCY_RULE, _PARTS + _SECTIONS),
    # Ch. 332, Part 12, Section 4.3.1
    "chapter": Body(CHAPTER_WORD + _OTHER_CHAPTER, _PARTS + _SECTIONS),
    # MaineCare Eligibility Manual, Section 17
    "manual": Body(_OTHER_MANUAL + r"(?: ?\([^()]{1,40}\))?", _PARTS + _SECTIONS),
    # Part 2, Section 17 · Attachment 4.19-B, Section 45: named only where a section follows
    "part": Body(
        rf"\b(?:Part|Article|Attachment|Exhibit|PART|ARTICLE) (?:\d[\w.-]*|[IVXL]+)(?=,? ?(?:{SECTION_WORD}) ?\d)",
        _SECTIONS,
    ),
}

NAMED = "|".join(f"(?P<law_{name}>{body.named})" for name, body in BODIES.items())
_OWN = {f"law_{name}": re.compile(body.number) for name, body in BODIES.items()}

# No law is named by these words: where one stands, "of the" leads somewhere else, mostly to the manual itself.
_NOT_NAMED = r"(?!(?i:manual|mbm|benefits?|polic(?:y|ies)|rules?|sections?|that|which|is|are|was|will|shall|to|by|must|may)\b)"
_CAPITAL = rf"(?:{_NOT_NAMED}[A-Z\d][\w.&/'-]{{0,30}},? |(?:the|and|of|for|in|federal|state) )"
_PLAIN = rf"(?:{_NOT_NAMED}[\w'()-]{{1,30}} )"
_LAWS = r"(?i:acts?|code|laws?|statutes?|regulations?|constitution|state plan)"
_PAPERS = r"(?i:forms?|applications?|agreements?|contracts?|guides?|handbooks?|guidebooks?|instructions|questionnaires?)"
# Named by "of" alone: what is "in the report" may well be about a section of ours.
_RECORDS = r"(?:(?i:surveys?|reports?|memorand(?:um|a)|requests? for (?:proposals|applications))|Attachment \d[\w.-]*|MOU|RF[APQ]|UB-\d+)"
_ELSEWHERE = re.compile(
    rf",? ?\(?of (?:"
    rf"(?:{_CAPITAL}{{0,12}}?|(?:the|this|that|said|an?) {_PLAIN}{{0,2}}?){_LAWS}\b"
    r"|(?:the )?(?i:title|part|article) (?:\d|[IVXL]+\b)"
    r"|(?:the )?(?:P\. ?L\.|PL\b|(?i:public law)|L\. ?D\.|LD\b|Resolves?\b)"
    r"|(?:the )?(?:\d+(?:-[A-Z])? )?(?:U\. ?S\. ?C|USC|C\. ?F\. ?R|CFR|M\. ?R\. ?S|MRS)"
    rf"|{CHAPTER_WORD}{_OTHER_CHAPTER}"
    rf"|(?:the )?{_ACRONYMS}"
    rf"|(?:the )?(?!(?:Maine )?(?:{MANUAL}))(?:[A-Z][\w'&/-]{{0,30}} ){{1,6}}{_OTHER_MANUAL}"
    rf"|(?:the )?(?:{_AGENCY_RULE}))"
    rf"| (?:of|in|on) {_PLAIN}{{0,4}}?{_PAPERS}\b"
    rf"| of {_PLAIN}{{0,4}}?{_RECORDS}(?!\w)"
    rf"|(?:, ?| ?\(){CHAPTER_WORD}{_OTHER_CHAPTER}"
)


def own_number(name: str, text: str, at: int) -> int | None:
    """Where the number of its own ends that follows the body of law just named; None if it has none there."""
    found = _OWN[name].match(text, at)
    return found.end() if found else None


def past_number(text: str, at: int) -> int:
    """Where the number ends that begins here and is too long, or too deeply divided, for the manual."""
    found = _ANY_NUMBER.match(text, at)
    return found.end() if found else at


def belongs_elsewhere(text: str, at: int) -> int | None:
    """Where the words end that give the section numbers before `at` to another body of law or to a form; None if none do."""
    found = _ELSEWHERE.match(text, at)
    return found.end() if found else None
