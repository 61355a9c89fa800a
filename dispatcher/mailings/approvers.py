"""Approvers: told by mail of what waits for one of them. The letter carries no power: it names the command to run."""

from datetime import datetime

from dispatcher.errors import BadAddress
from dispatcher.formats.address import parse
from dispatcher.messages import editions, to_staff
from dispatcher.models import Staff, Submission
from dispatcher.permissions import Permission


def tell(submission: Submission, now: datetime) -> None:
    """Owe each approver who has an address a letter without powers."""
    others = Staff.objects.filter(is_active=True).exclude(id=submission.submitted_by_id).order_by("id")
    approvers = [one for one in others if one.may(Permission.BULLETIN_APPROVE) and _reachable(one)]
    to_staff.owe(f"{editions.APPROVAL_KEY}{submission.id}", approvers, now)


def _reachable(approver: Staff) -> bool:
    """Has an address that is one: a slip in one approver's must not keep a blast from the others."""
    try:
        return bool(parse(approver.email))
    except BadAddress:
        return False
