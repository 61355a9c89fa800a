"""Who acts at the shell has a role that allows it, or is the account of the machine; the journal keeps both."""

import os
import pwd
from argparse import ArgumentParser, Namespace

import factories as make
import pytest

from dispatcher.errors import BadInput, NotFound, Refused
from dispatcher.management.acting import acting, declare
from dispatcher.models import Staff
from dispatcher.permissions import Permission

ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(autouse=True)
def staff(sqlite_db: str) -> None:
    for name, role, is_active in [
        ("olive", "operator", True),
        ("alice", "author", True),
        ("otto", "operator", False),
    ]:
        Staff.objects.create(name=name, role=role, is_active=is_active, created_at=make.LONG_AGO)


def named(name: str | None) -> Namespace:
    return Namespace(actor=name)


def test_without_a_name_it_is_the_account() -> None:
    actor = acting(named(None), Permission.MAILING_STEER)
    assert (actor.name, actor.staff, actor.door) == (f"shell:{ACCOUNT}", None, "shell")
    assert actor.facts == {"account": ACCOUNT}


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    assert acting(named(None), Permission.MAILING_STEER).name == "shell:54321"


def test_one_of_the_staff_acts_under_their_name_and_the_account_is_kept() -> None:
    actor = acting(named(" olive "), Permission.MAILING_STEER)
    assert (actor.name, actor.account) == ("olive", ACCOUNT)
    assert actor.staff == Staff.objects.get(name="olive")


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("alice", Refused, ["alice is author", "mailing:steer", "operator"]),
        ("otto", Refused, ["otto is disabled", "staff list"]),
        ("nobody", NotFound, ["'nobody'", "dispatcher staff list"]),
        (" ", BadInput, ["--as", "say who decides"]),
    ],
)
def test_who_may_not_is_told_who_may(name: str, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as refused:
        acting(named(name), Permission.MAILING_STEER)
    assert all(word in str(refused.value) for word in words)


def test_where_two_people_must_act_a_name_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    declare(parser, required=True)
    with pytest.raises(SystemExit) as left:
        parser.parse_args([])
    assert left.value.code == 2
    assert "--as" in capsys.readouterr().err
