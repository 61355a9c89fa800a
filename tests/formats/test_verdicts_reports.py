"""What a report of a failed delivery comes to: its status by the table of replies, and gently where it is vague."""

import pytest

from dispatcher.formats.verdicts import Verdict, judge_report, status_in


@pytest.mark.parametrize(
    ("status", "words", "verdict", "decisive"),
    [
        ("5.1.1", "", Verdict.GONE, "5.1.1"),
        ("5.1.10", "550 5.7.1 no", Verdict.GONE, "5.1.10"),
        ("5.2.1", "", Verdict.GONE, "5.2.1"),
        ("5.2.2", "", Verdict.BOUNCED, "5.2.2"),
        ("5.4.4", "", Verdict.BOUNCED, "5.4.4"),
        ("5.2.3", "", Verdict.TOO_BIG, "5.2.3"),
        ("5.6.1", "", Verdict.CONTENT, "5.6.1"),
        ("5.5.2", "", Verdict.BUG, "5.5.2"),
        ("5.1.8", "", Verdict.OUR_FAULT, "5.1.8"),
        ("5.7.26", "", Verdict.POLICY, "5.7.26"),
        ("4.7.28", "", Verdict.POLICY, "4.7.28"),
        ("4.2.2", "", Verdict.BOUNCED, "4.2.2"),
        ("4.4.7", "", Verdict.BOUNCED, "4.4.7"),
        ("4.5.3", "", Verdict.BOUNCED, "4.5.3"),
        ("5.0.0", "550 5.1.1 unknown", Verdict.GONE, "5.1.1"),
        ("5.0.0", "550 unknown", Verdict.BOUNCED, "5.0.0"),
        ("", "550 unknown", Verdict.BOUNCED, ""),
        ("", "mailbox full (#5.2.2)", Verdict.BOUNCED, "5.2.2"),
        ("2.0.0", "", Verdict.BOUNCED, "2.0.0"),
        ("5.1.1 (bad destination)", "", Verdict.GONE, "5.1.1"),
        ("nonsense", "", Verdict.BOUNCED, ""),
    ],
)
def test_a_status_is_judged_as_its_reply_would_be(
    status: str, words: str, verdict: Verdict, decisive: str
) -> None:
    assert judge_report(status, words) == (verdict, decisive)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("smtp; 550 5.1.1 no", "5.1.1"),
        ("550-5.07.026 no", "5.7.26"),
        ("listed: 5.1.1.7", ""),
        ("host 15.1.1 says", ""),
        ("1.5.1.1", ""),
        ("(#4.2.1)", "4.2.1"),
    ],
)
def test_an_address_of_the_internet_is_no_status(words: str, status: str) -> None:
    assert status_in(words) == status
