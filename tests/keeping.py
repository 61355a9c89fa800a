"""Messages as the local mailbox keeps them."""

from email.message import EmailMessage
from pathlib import Path


def mail(subject: str = "Rates of Section 45", to: str = "pat@example.com") -> bytes:
    """A message with both parts; its HTML tries to run a script."""
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, to, "notices@example.gov"
    message["List-Unsubscribe"] = "<https://notices.example.gov/u/abc>"
    message.set_content("New rates & rules: https://notices.example.gov/bulletins/1\n")
    message.add_alternative("<h1>New rates</h1><script>document.title = 'ran'</script>", subtype="html")
    return bytes(message)


def keep(folder: Path, number: int, content: bytes) -> None:
    """Put a message where the mailbox would."""
    (folder / f"{number:04d}-pat@example.com.eml").write_bytes(content)
