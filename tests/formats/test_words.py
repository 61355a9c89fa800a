"""Words: what counts as the same word, what a phrase finds, and that everything found can be shown as it was written."""

import html
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.formats.words import BETWEEN, fold, phrase


def words(text):
    letters = fold([text]).letters
    joints = [at for at, joint in enumerate(letters.joints) if joint]
    return " ".join(letters.run[at:end] for at, end in pairwise(joints))


def places(term, text):
    """Wherever the term stands, from where to where in the original: by trying each letter, one after the other."""
    wanted, folded = phrase(term), fold([text])
    run, length = folded.letters.run, len(wanted.letters.run)
    ats = (at for at in range(len(run) - length + 1) if run.startswith(wanted.letters.run, at))
    return [folded.span(at, at + length) for at in ats if wanted.fits(folded.letters.joints, at, at + length)]


def found(term, text):
    """What the term finds first, as it is written there."""
    spans = places(term, text)
    return text[slice(*spans[0])] if spans else None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("MaineCare PHARMACY Services", "mainecare pharmacy services"),
        ("the 340B program", "the 340b program"),
        ("Appendix 97C, code H0015, Chapter II", "appendix 97c code h0015 chapter ii"),
        ("§ 80 and §§80, 85", "section 80 and section 80 85"),
        ("Health & Human Services", "health and human services"),
        ("Health &amp; Human Services", "health and human services"),
        ("Q&A", "q and a"),
        ("the Director's letter, the Director’s letter", "the director letter the director letter"),
        ("providers' claims don't wait", "providers claims dont wait"),
        ("MAINE'S CHILDREN'S SERVICES", "maine children services"),
        ("22 M.R.S.A. §3173", "22 mrsa section 3173"),
        ("42 C.F.R. 447.205", "42 cfr 447 205"),
        ("under 42 U.S.C., a.m. hours", "under 42 usc am hours"),
        ("the U.S.'s share", "the us share"),
        ("write to e.coli@example.com", "write to e coli example com"),
        ("Section 028, code 000, 0", "section 28 code 0 0"),
        ("H0015 keeps its zeros", "h0015 keeps its zeros"),
        ("a rate of $65.05", "a rate of $65.05"),
        ("$ 1,200.50 or $1,200.50.", "$1200.50 or $1200.50"),
        ("65%, 6.5 % and 1,000%", "65% 6.5% and 1000%"),
        ("snake_case and/or", "snake case and or"),
        ("5'4 tall", "5 4 tall"),
        ("", ""),
        (" \n\t…!?", ""),
    ],
)
def test_text_folds_to_words(text, folded):
    assert words(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Behavioral\u00a0Health\nHome", "behavioral health home"),
        ("Behavioral&nbsp;Health", "behavioral health"),
        ("Behavioral&amp;nbsp;Health", "behavioral health"),
        ("Behavioral&amp;amp;#160;Health", "behavioral health"),
        ("phar\u00admacy phar\u200bmacy phar\ufeffmacy phar&shy;macy", "pharmacy pharmacy pharmacy pharmacy"),
        ("re\u0301sume\u0301 résumé R&Eacute;SUM&Eacute; re&#769;sume&#x301;", "résumé résumé résumé résumé"),
        ("\ufb01nal \uff2d\uff21\uff29\uff2e\uff25", "final maine"),
        ("STRASSE Straße", "strasse strasse"),
        ("İstanbul", "i\u0307stanbul"),
        ("MaineMOM™ and MaineMOM&trade;", "mainemom and mainemom"),
        ("Section 80¹ and 85²", "section 80 and 85"),
        ("Director\u00b4s and Director\u2032s", "director and director"),
        ("a link ?a=1&section=2&copy=3", "a link a 1 and section 2 and copy 3"),
        ("&bogus; & &;", "and bogus and and"),
    ],
)
def test_how_a_character_was_written_makes_no_difference(text, folded):
    assert words(text) == words(folded)


@pytest.mark.parametrize(
    "dash", ["-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "&ndash;", "&#8209;", "-\u00ad"]
)
@pytest.mark.parametrize(
    "term", ["rule-making", "rulemaking", "rule making", "Rule\u2013Making", "rulemak*", "rule-mak*"]
)
def test_any_dash_within_a_word_may_be_a_space_or_nothing(term, dash):
    assert found(term, f"Notice of Rule{dash}Making.") == f"Rule{dash}Making"


@pytest.mark.parametrize(
    ("term", "text", "as_written"),
    [
        ("rule-making", "all rulemaking ends", "rulemaking"),
        ("rule-making", "all rule making ends", "rule making"),
        ("rule-making", "all rule - making ends", "rule - making"),
        ("rulemaking", "all rule making ends", None),
        ("rule making", "all rulemaking ends", None),
        ("non-emergency transportation", "Nonemergency Transportation", "Nonemergency Transportation"),
        ("non emergency transportation", "Non-Emergency-Transportation", "Non-Emergency-Transportation"),
        ("co-pay-ment", "copay-ment", "copay-ment"),
        ("ab-c", "a-bc", "a-bc"),
        ("making", "rule-making", "making"),
        ("rule", "rule-making", "rule"),
        ("COVID-19", "COVID19, COVID 19", "COVID19"),
        ("covid 19", "COVID-19", "COVID-19"),
        ("90 day", "a 90-day supply", "90-day"),
        ("9193", "Sections 91-93", None),
        ("91-93", "Sections 91\u201393", "91\u201393"),
        ("91-93", "code 9193", None),
    ],
)
def test_hyphens_match_in_both_directions(term, text, as_written):
    assert found(term, text) == as_written


@pytest.mark.parametrize(
    ("term", "text", "as_written"),
    [
        ("prior authorization", "Prior  Authorization is", "Prior  Authorization"),
        ("prior authorization", "authorization prior", None),
        ("prior authorization", "prior written authorization", None),
        ("prior authoriz*", "prior authorizations", "prior authorizations"),
        ("PNMI*", "PNMIs and a PNMI", "PNMIs"),
        ("PNMI*", "a PNMI", "PNMI"),
        ("PNMI", "PNMIs", None),
        ("notice", "notified", None),
        ("ndc", "and compare", None),
        ("art", "part or heart", None),
        ("art*", "part of the article", "article"),
        ("section 80", "Drugs (§ 80)", "§ 80"),
        ("§80", "SECTION 80", "SECTION 80"),
        ("section 80", "Section 8 0", None),
        ("section 80", "Section 800", None),
        ("section 28", "Section 028", "Section 028"),
        ("health & human services", "Health and Human Services", "Health and Human Services"),
        ("director's letter", "Director letter", "Director letter"),
        ("MRSA", "22 M.R.S.A. § 1", "M.R.S.A."),
        ("M.R.S.A.", "22 MRSA § 1", "MRSA"),
        ("65", "a rate of $65.05", None),
        ("05", "a rate of $65.05", None),
        ("65", "65% of", None),
        ("$65.05", "now $65.05/hour", "$65.05"),
        ("340", "340B", None),
        ("b", "340B", None),
        ("340B", "the 340b.", "340b"),
        ("health home", "health. Home", "health. Home"),
        ("a a b", "a a a b", "a a b"),
    ],
)
def test_phrases_match_whole_words_in_order(term, text, as_written):
    assert found(term, text) == as_written


@pytest.mark.parametrize("term", ["", "   ", "!?", "—", "&shy;", "\u200b", "**", "*"])
def test_a_phrase_that_folds_to_nothing_is_refused(term):
    with pytest.raises(ValueError):
        phrase(term)


@pytest.mark.parametrize("term", ["pri* authorization", "p*ior", "prior *", "prior-*", "prior**", "*prior"])
def test_a_star_belongs_to_the_end_of_the_last_word(term):
    with pytest.raises(ValueError, match=r"\*"):
        phrase(term)


def test_offsets_lead_through_entities_and_invisible_characters():
    text = "About &amp;nbsp;Behav\u00adioral&nbsp;Health &amp; more"
    assert found("behavioral health and", text) == "Behav\u00adioral&nbsp;Health &amp;"


def test_the_first_of_several_is_told():
    assert places("fee*", "no free fees, fee") == [(8, 12), (14, 17)]


_TEXTS = st.text(
    st.sampled_from("aAbé\u0301İß0123. -\u2013'’&;#$%§_\u00ad\u200b\u00a0™½ﬁ") | st.characters(), max_size=60
)


@given(_TEXTS)
@example("&amp;" * 4 + "lt;")
@settings(max_examples=200)
def test_words_lie_in_the_original_one_after_another(text):
    folded = fold([text])
    joints = [at for at, joint in enumerate(folded.letters.joints) if joint]
    done = 0
    for at, end in pairwise(joints):
        span = folded.span(at, end)
        assert done <= span[0] < span[1] <= len(text)
        done = span[0]


@given(_TEXTS)
@settings(max_examples=200)
def test_a_text_is_found_in_itself_and_among_others(text):
    if words(text) and "*" not in text:
        assert places(text, text)
        assert places(text, f"other ; {text} ; other")


@given(st.lists(_TEXTS | st.text(st.sampled_from("a-%1\x00\u0301."), max_size=4), max_size=4))
@example(["65", "%"])
@example(["a.", "b."])
@example(["e", "\u0301"])
@example(["&am", "p;"])
@settings(max_examples=200)
def test_blocks_folded_together_are_folded_as_each_alone(texts):
    together = fold(texts)
    alone = [fold([text]).letters for text in texts]
    assert together.letters.run == BETWEEN.join(one.run for one in alone)
    for number, (begin, one) in enumerate(zip(together.begins, alone, strict=bool(texts))):
        assert together.block(begin) == number
        assert together.letters.joints[begin : begin + len(one.run)] == one.joints[:-1]


@given(st.text(st.sampled_from("abc &<é"), max_size=40), st.integers(1, 4))
@settings(max_examples=100)
def test_escaping_again_changes_no_word(text, times):
    escaped = text
    for _ in range(times):
        escaped = html.escape(escaped)
    assert words(escaped) == words(text)


@pytest.mark.parametrize(
    "piece", ["&", "amp;", "&amp;", "1.", "1,1", "$", "a.", "a'", "-a", "§", "é", "\u0301", "$.,"]
)
def test_no_text_makes_folding_slow(piece):
    text = "&" + piece * (20_000 // len(piece)) + "%"
    began = time.process_time()
    fold([text])
    assert time.process_time() - began < 2  # a quadratic step would take minutes
