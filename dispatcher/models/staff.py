"""Staff: the people behind the console and the shell; what one of them submits, and the second person's consent to it."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from dispatcher.permissions import Permission, Role, allows


class StaffManager(BaseUserManager["Staff"]):
    """Finds staff by name, as Django's sign-in asks."""


class Staff(AbstractBaseUser):
    """A custom user model from the first migration: Django cannot change it later without tears."""

    name = models.CharField(max_length=80, unique=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[StaffManager] = StaffManager()
    USERNAME_FIELD = "name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = []

    id: int

    def __str__(self) -> str:
        return self.name

    def may(self, permission: Permission) -> bool:
        """The one question about rights."""
        return self.is_active and allows(Role(self.role), permission)


class Submission(models.Model):
    """One version of a blast as it was handed in: to whom, when, and what the checks said. Earlier versions are kept."""

    bulletin = models.ForeignKey("dispatcher.Bulletin", on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(
        max_length=64, help_text="of content and audience rule; an approval repeats it"
    )
    everyone = models.BooleanField(help_text="all who subscribe to anything; else the topics")
    topics = models.JSONField(default=list, help_text="slugs, in the order of topics.yaml")
    send_at = models.DateTimeField(null=True, help_text="not before; empty: as soon as it is approved")
    audience = models.PositiveIntegerField(help_text="the head count when it was submitted")
    findings = models.JSONField(default=list, help_text="what the checks want a second person to answer for")
    submitted_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("bulletin", "number", name="submission_bulletin_number")
        ]
        ordering = ["bulletin_id", "number"]


class Approval(models.Model):
    """A second person's consent, bound to a hash of content and audience; any edit voids it.

    `author` repeats the bulletin's, so that the database itself can refuse author = approver; a trigger ties the copy to the
    bulletin's own (migration 0002), since a copy alone could be written wrong.
    """

    bulletin = models.ForeignKey("dispatcher.Bulletin", on_delete=models.PROTECT, related_name="approvals")
    content_hash = models.CharField(max_length=64)
    approver = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    audience = models.PositiveIntegerField(help_text="the head count that was shown")
    reason = models.TextField(blank=True, help_text="why it may go in spite of what the checks found")
    approved_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    voided_because = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("bulletin", "content_hash", "approver", name="approval_once"),
            models.CheckConstraint(condition=~Q(author=F("approver")), name="approval_by_another"),
        ]
