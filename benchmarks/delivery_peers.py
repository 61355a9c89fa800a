"""Other ways to send the same mail, for `delivery.py`: `WAY PORT MESSAGES CONNECTIONS`, one process each. Prints the seconds it took.

built      aiosmtplib with an EmailMessage for each person, so many connections
ready      aiosmtplib with ready bytes: what a loop of it can do at best
django     send_mass_mail over one connection
post_office  django-post_office: queued first, which is not measured, then sent by `send_queued_mail` with two processes
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib

_SENTENCE = "The Department adopts changes to the reimbursement of covered services, effective as stated in the rule. "
_TEXT = "\n\n".join(f"{_SENTENCE * 2}({number})" for number in range(20))
_PAGE = "".join(f"<p>{_SENTENCE * 2}({number})</p>" for number in range(24))
_LINK = "https://notices.example.gov/u/ticket-{}-abcdefghijklmnop"
FROM = "notices@example.gov"


def built(number: int) -> EmailMessage:
    """About 12 KB in two forms, with personal links."""
    link = _LINK.format(number)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = (
        FROM,
        f"person{number}@example.com",
        "Adopted rule: Section 80",
    )
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Message-ID"] = f"<{number}.abcdef@example.gov>"
    mail.set_content(f"{_TEXT}\n\n{link}\n", cte="quoted-printable")
    mail.add_alternative(f'{_PAGE}<a href="{link}">Unsubscribe</a>', subtype="html", cte="quoted-printable")
    return mail


async def loop(port: int, messages: int, connections: int, *, ready: bool) -> None:
    """Each connection sends its share, one after the other."""
    content = built(1).as_bytes()

    async def send(numbers: range) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        async with client:
            for number in numbers:
                if ready:
                    await client.sendmail(FROM, [f"person{number}@example.com"], content)
                else:
                    await client.send_message(built(number))

    await asyncio.gather(*(send(range(first, messages, connections)) for first in range(connections)))


def django(port: int, messages: int) -> None:
    """Text alone, as it takes nothing else, of the same size."""
    from django.conf import settings
    from django.core.mail import send_mass_mail

    settings.configure(
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend"
    )
    text = f"{_TEXT}\n{_TEXT}\n{_TEXT}"
    send_mass_mail(
        [("Adopted rule", text + _LINK.format(n), FROM, [f"person{n}@example.com"]) for n in range(messages)]
    )


def post_office(port: int, messages: int) -> float:
    """On SQLite, as it comes; the seconds of sending alone."""
    import django as framework
    from django.conf import settings

    folder = tempfile.mkdtemp(prefix="post-office-")
    settings.configure(
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_BACKEND="post_office.EmailBackend", USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"], DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        POST_OFFICE={"BATCH_SIZE": 1000, "THREADS_PER_PROCESS": 5},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db.sqlite3", "OPTIONS": {"timeout": 60}}},
    )  # fmt: skip
    framework.setup()
    from django.core.management import call_command
    from post_office import mail

    call_command("migrate", verbosity=0)
    mail.send_many(
        [
            {"sender": FROM, "recipients": [f"person{n}@example.com"], "subject": "Adopted rule", "message": _TEXT + _LINK.format(n),
             "html_message": _PAGE + _LINK.format(n)}
            for n in range(messages)
        ]
    )  # fmt: skip
    began = time.monotonic()
    call_command("send_queued_mail", processes=2, lockfile=f"{folder}/lock")
    return time.monotonic() - began


def main() -> None:
    way, port, messages, connections = sys.argv[1], *map(int, sys.argv[2:5])
    ways: dict[str, Callable[[], object]] = {
        "built": lambda: asyncio.run(loop(port, messages, connections, ready=False)),
        "ready": lambda: asyncio.run(loop(port, messages, connections, ready=True)),
        "django": lambda: django(port, messages),
        "post_office": lambda: post_office(port, messages),
    }
    began = time.monotonic()
    seconds = ways[way]() or time.monotonic() - began
    print(seconds)  # noqa: T201 -- read by whoever started us
    sys.stdout.flush()
    os._exit(0)  # post_office leaves threads behind


if __name__ == "__main__":
    main()
