"""Sections: what topics.yaml may declare, which citations it accepts, and what scripts are told."""

import pytest

from dispatcher.formats.sections import Section, accepts, known_as_json, parse_declared, references


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("II-97", Section("II", "97")),
        ("97", Section(None, "97")),
        ("III-97", Section("III", "97")),
        ("III-21", Section("III", "21")),
        ("97 appendix C", Section(None, "97", "C")),
        (" III-97 appendix C ", Section("III", "97", "C")),
        ("II-24", Section("II", "24")),
    ],
)
def test_a_declared_section_reads_as_it_is_written(text: str, section: Section) -> None:
    assert parse_declared(text) == section
    assert str(section) == text.strip()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Section 97", "write II-97"),
        ("2-97", "write II-97"),
        ("IIII-97", "write II-97"),
        ("97C", "write II-97"),
        ("", "write II-97"),
        ("98", "the manual has no Section 98"),
        ("I-97", "Chapter I of the manual has no Section 97"),
        ("97 appendix E", "allowed are B, C, D, F"),
        ("65 appendix B", "it has none"),
    ],
)
def test_a_wrong_declaration_is_told_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_declared(text)


@pytest.mark.parametrize(
    ("declared", "cited", "accepted"),
    [
        ("II-90", "Section 90", True),
        ("II-67", "Chapter III, Section 67", False),
        ("III-67", "Section 67", False),
        ("III-67", "Chapter III, Section 67", True),
        ("67", "Chapter III, Section 67", True),
        ("67", "Section 67", True),
        ("90", "Section 91", False),
        ("97 appendix C", "97C", True),
        ("97 appendix C", "Section 97", False),
        ("97 appendix C", "97D", False),
        ("II-97", "Section 97, Appendix C", True),
        ("III-97 appendix C", "Section 97, Appendix C", False),
    ],
)
def test_a_section_accepts_its_own_citations(declared: str, cited: str, accepted: bool) -> None:
    (reference,) = references("", [cited])
    assert accepts(parse_declared(declared), reference) is accepted


def test_json_tells_each_section_once_with_null_for_what_is_not_stated() -> None:
    found = references("Section 45", ["Section 45 and Chapter III, Section 97, Appendix C"])
    assert known_as_json(found) == [
        {"chapter": None, "section": "45", "appendix": None},
        {"chapter": "III", "section": "97", "appendix": "C"},
    ]
