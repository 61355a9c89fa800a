"""Bounces in no standard form, by flufl.bounce, which knows the words of thirty mail systems.

It finds whom a bounce is about; how bad that is, it cannot tell (`permanent`, be it a full mailbox or a filter), so the status in the
text decides, by our own table, and without one it is an ordinary bounce.
"""

import re
from email.message import Message

from flufl.bounce import all_failures

from dispatcher.bounces import parts
from dispatcher.bounces.said import Kind, Said
from dispatcher.formats.verdicts import clean_reply, judge_report

# What flufl.bounce looks at: some of its patterns take the square of a line's length, and no server's own words are longer.
_LONGEST, _LONGEST_LINE = 64 * 1024, 1_000
_PLAIN = bytes(range(128)) + b"?" * 128  # it also takes headers for ASCII (6.0.0)
# Where what the server said ends and the message that it returns begins.
_RETURNED = re.compile(
    r"(?im)^(?:--.*(?:copy|original|returned|below).*|return-path:.*|received:.*|content-type: *message/rfc822.*)$"
)
_TELLING = re.compile(r"(?im)^.*\b[45](?:\.\d{1,3}\.\d{1,3}|\d\d)\b.*$")


def read(raw: bytes) -> Said | None:
    """What the bounce says, if it is one."""
    lines = raw[:_LONGEST].translate(_PLAIN).splitlines(keepends=True)
    message = parts.parsed(
        b"".join(one if len(one) <= _LONGEST_LINE else one[:_LONGEST_LINE] + b"\n" for one in lines)
    )
    if not parts.local_parts(message, "From"):
        # One of its readers raises if there is no sender (6.0.0), and then none of the others is asked.
        del message["From"]
        message["From"] = "mailer-daemon@invalid"
    passing, lasting = all_failures(message)
    about = tuple(sorted(one.decode("ascii", "replace") for one in lasting))
    if not about:
        return Said(kind=Kind.NOTHING, note="delayed, no bounce") if passing else None
    words = _telling(message)
    verdict, status = judge_report("", words)
    return Said(
        kind=Kind.BOUNCE,
        verdict=verdict,
        status=status,
        words=words,
        about=about,
        note=f"bounced: {words}".rstrip(": "),
    )


def _telling(message: Message) -> str:
    """The line that gives a code, before the returned message begins."""
    for part in parts.parts(message):
        if part.get_content_maintype() == "text":
            own = _RETURNED.split(parts.body(part)[:20_000], maxsplit=1)[0]
            found = _TELLING.search(own)
            if found:
                return clean_reply(found[0])
    return ""
