"""Whom to ask: a contact as topics.yaml declares it and as messages show it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask, as far as it is confirmed: what is not is empty, and left out."""

    name: str = ""
    email: str = ""
    telephone: str = ""
    tty: str = ""
    website: str = ""

    @property
    def reachable(self) -> bool:
        """Is there any way to ask?"""
        return bool(self.email or self.telephone or self.website)

    @property
    def dialled(self) -> str:
        """The telephone number for a link: digits only, without an extension."""
        return re.sub(r"[^0-9+]", "", self.telephone.lower().partition("x")[0].removesuffix("e"))


NOBODY = Contact()
