"""What staff may do, as `noun:verb`, and which role may do it. One function answers; nobody asks for a role elsewhere."""

from enum import StrEnum


class Permission(StrEnum):
    """One act on one noun."""

    BULLETIN_VIEW = "bulletin:view"
    BULLETIN_DRAFT = "bulletin:draft"
    BULLETIN_SUBMIT = "bulletin:submit"
    BULLETIN_APPROVE = "bulletin:approve"
    BULLETIN_ASSIGN = "bulletin:assign"
    TOPIC_MOVE = "topic:move"
    MAILING_STEER = "mailing:steer"
    SOURCE_RELEASE = "source:release"
    SUBSCRIBER_VIEW = "subscriber:view"
    SUBSCRIBER_IMPORT = "subscriber:import"
    SUPPRESSION_LIFT = "suppression:lift"
    JOURNAL_VIEW = "journal:view"


class Role(StrEnum):
    """The roles of `dispatcher staff add`. An operator steers and repairs, but neither writes nor approves."""

    VIEWER = "viewer"
    AUTHOR = "author"
    APPROVER = "approver"
    OPERATOR = "operator"
    AUDITOR = "auditor"


_ALLOWED = {
    Role.VIEWER: {Permission.BULLETIN_VIEW},
    Role.AUTHOR: {Permission.BULLETIN_VIEW, Permission.BULLETIN_DRAFT, Permission.BULLETIN_SUBMIT},
    # An approver may write as well; what they wrote, somebody else must approve.
    Role.APPROVER: {
        Permission.BULLETIN_VIEW,
        Permission.BULLETIN_DRAFT,
        Permission.BULLETIN_SUBMIT,
        Permission.BULLETIN_APPROVE,
    },
    Role.OPERATOR: {
        Permission.BULLETIN_VIEW,
        Permission.BULLETIN_ASSIGN,
        Permission.TOPIC_MOVE,
        Permission.MAILING_STEER,
        Permission.SOURCE_RELEASE,
        Permission.SUBSCRIBER_VIEW,
        Permission.SUBSCRIBER_IMPORT,
        Permission.SUPPRESSION_LIFT,
    },
    Role.AUDITOR: {Permission.BULLETIN_VIEW, Permission.SUBSCRIBER_VIEW, Permission.JOURNAL_VIEW},
}


def allows(role: Role, permission: Permission) -> bool:
    """May somebody of this role do this?"""
    return permission in _ALLOWED[role]
