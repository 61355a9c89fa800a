"""The two-person rule is the database's own: raw SQL cannot get round it."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from dispatcher.models import Approval, Bulletin, Staff

AT = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


def staff(name: str, role: str) -> Staff:
    return Staff.objects.create(name=name, role=role, created_at=AT)


def blast(author: Staff) -> Bulletin:
    return Bulletin.objects.create(title="Office hours", state="submitted", author=author, first_seen_at=AT)


def approve_by_sql(bulletin: Bulletin, approver: Staff, author: Staff) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dispatcher_approval "
            "(bulletin_id, content_hash, approver_id, author_id, audience, reason, approved_at, voided_because) "
            "VALUES (%s, 'h', %s, %s, 10, '', %s, '')",
            [bulletin.id, approver.id, author.id, AT],
        )


def test_another_person_may_approve(db: str) -> None:
    ana, ben = staff("ana", "author"), staff("ben", "approver")
    approve_by_sql(blast(ana), approver=ben, author=ana)
    assert Approval.objects.get().approver == ben


def test_the_author_cannot_approve(db: str) -> None:
    ana = staff("ana", "author")
    with pytest.raises(DatabaseError, match="approval_by_another"):
        approve_by_sql(blast(ana), approver=ana, author=ana)


def test_naming_somebody_else_as_the_author_does_not_help(db: str) -> None:
    ana, ben = staff("ana", "author"), staff("ben", "approver")
    with pytest.raises(DatabaseError, match="author of its bulletin"):
        approve_by_sql(blast(ana), approver=ana, author=ben)


def test_the_author_cannot_be_changed_beforehand(db: str) -> None:
    ana, ben = staff("ana", "author"), staff("ben", "approver")
    bulletin = blast(ana)
    with pytest.raises(DatabaseError, match="never changes"):
        Bulletin.objects.filter(id=bulletin.id).update(author=ben)
