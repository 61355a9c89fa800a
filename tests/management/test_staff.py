"""`dispatcher staff`: who is added, under which name, in which role; the journal keeps by whom."""

import pytest
from calling import Call

from dispatcher.models import Journal, Staff


def test_somebody_is_added_and_told_what_they_may(call: Call) -> None:
    added = call("staff", "add", "ana.b-c_1", "--role", "author", "--email", "Ana@Maine.gov")
    assert (added.code, added.err) == (0, "")
    assert added.out == "added ana.b-c_1 as author: may bulletin:view, bulletin:draft, bulletin:submit\n"
    person = Staff.objects.get()
    assert (person.name, person.role, person.is_active) == ("ana.b-c_1", "author", True)
    assert person.email.lower() == "ana@maine.gov"
    assert not person.has_usable_password()


def test_the_journal_names_them_by_number(call: Call) -> None:
    call("staff", "add", "ana", "--role", "approver")
    entry = Journal.objects.get()
    assert entry.actor.startswith("shell:")
    assert (entry.door, entry.verb) == ("shell", "staff add")
    assert entry.subject == f"staff:{Staff.objects.get().id}"
    assert entry.facts == {"role": "approver", "account": entry.actor.removeprefix("shell:")}
    assert Journal.broken_at() is None


def test_a_name_is_for_one_person_only(call: Call) -> None:
    call("staff", "add", "ana", "--role", "author")
    again = call("staff", "add", "ana", "--role", "approver")
    assert again.code == 1
    assert "already somebody called 'ana'" in again.err
    assert Staff.objects.get().role == "author"
    assert Journal.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["", "--role", "author"], "NAME"),
        (["ana smith", "--role", "author"], "letters, digits"),
        (["-ana", "--role", "author"], ""),
        (["änna", "--role", "author"], "letters, digits"),
        (["a" * 81, "--role", "author"], "at most 80"),
        (["ana\n", "--role", "author"], "letters, digits"),
        (["ana", "--role", "chief"], "invalid choice"),
        (["ana"], "--role"),
        (["ana", "--role", "author", "--email", "nowhere"], "--email"),
        (["ana", "--role", "author", "--email", "a@maine.gov\nBcc: b@maine.gov"], "--email"),
    ],
)
def test_wrong_use(call: Call, arguments: list[str], words: str) -> None:
    wrong = call("staff", "add", *arguments)
    assert wrong.code == 2
    assert words in wrong.err
    assert not Staff.objects.exists()


def test_everybody_is_listed_by_name(call: Call) -> None:
    assert call("staff", "list").out.startswith("nobody yet: `dispatcher staff add")
    assert call("staff", "list", "--json").json == []
    call("staff", "add", "ben", "--role", "approver", "--email", "ben@maine.gov")
    call("staff", "add", "ana", "--role", "author")
    listed = call("staff", "list", "--json").json
    assert [{**one, "created_at": "then"} for one in listed] == [
        {"name": "ana", "role": "author", "email": None, "active": True, "created_at": "then"},
        {"name": "ben", "role": "approver", "email": "ben@maine.gov", "active": True, "created_at": "then"},
    ]
    assert all(one["created_at"].endswith("Z") for one in listed)
    assert "ben@maine.gov" in call("staff", "list").out
