"""Linked: fetch the PDF documents that new bulletins link to, and keep their text, so that the rules can read it.

With the guard, the limits and the manners of any fetch, and in the child that reads all documents. A bulletin waits for them, but not
for long: what cannot be fetched or read is noted, and the notice goes out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dispatcher.errors import DispatcherError, Transient, Unreachable
from dispatcher.formats.pdf import may_be_pdf
from dispatcher.formats.verdicts import clean_reply
from dispatcher.models import Bulletin, LinkedDocument
from dispatcher.models.clock import database_now
from dispatcher.sources import asking, reader
from dispatcher.sources.fetch import Limits, Result
from dispatcher.sources.identity import canonical
from dispatcher.sources.texts import hrefs

PATIENCE = timedelta(minutes=10)
MOST = 5  # of one bulletin: who links to more lists an archive

_AT_ONCE = 4
_LEASE = timedelta(minutes=3)  # longer than so many take one after the other
_FIRST_RETRY = timedelta(minutes=1)
_MOST_ROUNDS = 50  # the next poll goes on from there

Asked = Sequence[LinkedDocument]  # at one address


def owed(bulletin: Bulletin, now: datetime) -> tuple[list[LinkedDocument], str]:
    """What the bulletin links to, for whoever saves it to save as well; and what is left out, in words."""
    found = {canonical(one): one for one in (bulletin.url, *hrefs(bulletin.body_html)) if may_be_pdf(one)}
    rows = [
        LinkedDocument(bulletin=bulletin, position=place, url=url, due_at=now, waits_until=now + PATIENCE)
        for place, url in enumerate(list(found.values())[:MOST])
    ]
    left_out = f"links to {len(found)} documents; only the first {MOST} are read"
    return rows, left_out if len(found) > MOST else ""


def read_due(limits: Limits, agent: str) -> int:
    """Ask for those whose time has come. Returns how many are settled, read or not."""
    settled = 0
    for _ in range(_MOST_ROUNDS):
        claimed = _claim()
        if not claimed:
            break
        settled += _round(claimed, limits, agent)
    return settled


def _claim() -> list[LinkedDocument]:
    """By a later due time, so that who dies here costs a few minutes."""
    now = database_now()
    claimed = []
    for one in LinkedDocument.due(now).select_related("bulletin__source").defer("text")[:_AT_ONCE]:
        free = LinkedDocument.objects.filter(id=one.id, due_at=one.due_at)
        if free.update(due_at=now + _LEASE):
            one.due_at = now + _LEASE
            claimed.append(one)
    return claimed


def _round(claimed: Asked, limits: Limits, agent: str) -> int:
    """Parts of one message link to the same document, and it is asked for once."""
    together: Mapping[str, list[LinkedDocument]] = defaultdict(list)
    for one in claimed:
        together[one.url].append(one)
    requests = [
        asking.for_link(source, url, any_type=True)
        for url, of in together.items()
        if (source := of[0].bulletin.source)  # what staff write has no documents of this kind
    ]
    answers = asking.ask(requests, limits, agent)
    return sum(_take(of, answer) for of, answer in zip(together.values(), answers, strict=True))


def _take(documents: Asked, answer: Result) -> int:
    if isinstance(answer, DispatcherError):
        return sum(_put_off(one, answer) for one in documents)
    try:
        read = reader.text(answer.body)
    except Transient as busy:  # this machine cannot start another process now
        return sum(_put_off(one, busy) for one in documents)
    return sum(_settle(one, text=read.text, pages=read.pages, note=read.note) for one in documents)


def _put_off(document: LinkedDocument, failure: DispatcherError) -> int:
    """Try again as long as its bulletin waits and that may help."""
    wait = _FIRST_RETRY * 2**document.tries
    if isinstance(failure, Unreachable) and failure.retry_after:
        wait = max(wait, timedelta(seconds=failure.retry_after))
    due = database_now() + wait
    if not isinstance(failure, Transient) or due >= document.waits_until:
        return _settle(document, note=f"not fetched: {clean_reply(str(failure))}")
    ours = LinkedDocument.objects.filter(id=document.id, due_at=document.due_at)
    ours.update(due_at=due, tries=document.tries + 1)
    return 0


def _settle(document: LinkedDocument, *, text: str = "", pages: int = 0, note: str = "") -> int:
    ours = LinkedDocument.objects.filter(id=document.id, due_at=document.due_at)
    return ours.update(due_at=None, text=text, pages=pages, note=note)
