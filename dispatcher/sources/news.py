"""News: from what an item says to bulletins. One notice becomes one bulletin, however often and wherever it is seen.

A later sighting joins the bulletin that is there and adds its link. A correction names what it corrects and says what changed.
A message with several notices becomes as many bulletins. Runs inside the poll's transaction; matches and mails nothing.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from dispatcher.formats.html import normalised_title
from dispatcher.models import Bulletin, BulletinState, Origin, Revision
from dispatcher.sources import changes, likeness, linked, marks, parts
from dispatcher.sources.identity import lifecycle, significant
from dispatcher.sources.notice import Notice
from dispatcher.sources.parts import Part
from dispatcher.sources.reading import Record
from dispatcher.sources.shelf import Shelf
from dispatcher.sources.sightings import bulletin_record, revision_record
from dispatcher.sources.traits import GRAMMAR

_MOST_CORRECTIONS = 3  # of one item: who edits more often than that is not mailed each time
_FRESH = timedelta(days=7)

_ALONE = "it says that it is a {mark}, but nothing of the last 60 days is what it speaks of"
_RESTLESS = f"changed more than {_MOST_CORRECTIONS} times: kept, and mailed no more"


@dataclass(frozen=True, slots=True)
class Fate:
    """The state that a bulletin begins in, and why if it is held."""

    state: BulletinState
    why: str = ""


SILENT = Fate(BulletinState.DISMISSED)  # no bulletin is made
BASELINE = Fate(BulletinState.BASELINE)
NEWS = Fate(BulletinState.UNMATCHED)
LATE = Fate(BulletinState.HELD, "late: published long before we first saw it")
STRANGE = Fate(
    BulletinState.HELD,
    "all keys are new at once: nothing of it was ever seen here, and it is dated before the last poll",
)
FLOOD = Fate(BulletinState.HELD, "flood: more new items in one poll than this source ever has")


def announce(said: Revision, fate: Fate, shelf: Shelf) -> Fate:
    """What a new item says. Returns what became of it: silent if all of it was known already."""
    found, odd = parts.of(revision_record(said))
    _note(said, odd)
    return _weightiest([_announce(said, part, fate, shelf) for part in found])


def revise(said: Revision, before: Record, usual: Fate, shelf: Shelf) -> Fate:
    """What a known item says now, if that matters to anybody who was told what it said before."""
    earlier = {part.key: part.record for part in parts.of(before)[0]}
    found, odd = parts.of(revision_record(said))
    _note(said, odd)
    fates = [SILENT]
    for part in found:
        if part.key not in earlier:
            fates.append(_announce(said, part, usual, shelf))
        elif significant(earlier[part.key], part.record):
            fates.append(_correct(said, part, earlier[part.key], usual, shelf))
    return _weightiest(fates)


def _weightiest(fates: list[Fate]) -> Fate:
    return next(
        (one for one in fates if one.state is BulletinState.HELD),
        max(fates, key=lambda one: one is not SILENT),
    )


def _announce(said: Revision, part: Part, fate: Fate, shelf: Shelf) -> Fate:
    notice = Notice.of(part.record, said.seen_at)
    original = shelf.original(notice) if notice.mark else None
    twin = shelf.twin(notice) or (original if notice.mark == "repost" else None)
    if twin:
        return _join(twin, said, part, notice, fate, shelf)
    if notice.mark and original is None:
        _note(said, _ALONE.format(mark=notice.mark))
    _publish(said, part, notice, fate, shelf, _relation(notice, part.record, original))
    return fate


def _relation(notice: Notice, record: Record, original: Bulletin | None) -> dict[str, object]:
    """How a bulletin stands to the one that its title speaks of."""
    if original is None:
        return {}
    return (
        {"reminds_of": original}
        if notice.mark == "reminder"
        else _correction(original, bulletin_record(original), record)
    )


def _correction(original: Bulletin, before: Record, after: Record) -> dict[str, object]:
    return {"corrects": original, "changes": [asdict(one) for one in changes.between(before, after)]}


def _join(twin: Bulletin, said: Revision, part: Part, notice: Notice, fate: Fate, shelf: Shelf) -> Fate:
    """Silent, unless nobody was told yet and the sighting is news: a bulletin of the baseline, or held, then goes its way."""
    shelf.add(_origin(twin, said, part), notice, said)
    if fate is not NEWS:
        return SILENT
    untold = [BulletinState.HELD]
    if notice.at > twin.first_seen_at - _FRESH:
        untold.append(BulletinState.BASELINE)
    waking = Bulletin.objects.filter(id=twin.id, state__in=untold)
    if not waking.update(state=NEWS.state, held_because=""):
        return SILENT
    documents, odd = linked.owed(twin, said.seen_at)
    shelf.owe(documents)
    _note(said, odd)
    return NEWS


def _correct(said: Revision, part: Part, before: Record, usual: Fate, shelf: Shelf) -> Fate:
    shelf.save()
    told = Bulletin.objects.filter(origins__item=said.item, origins__part=part.key).order_by("id")
    first, latest = told.first(), told.last()
    notice = Notice.of(part.record, said.seen_at)
    is_another = _next_stage(before, part.record) or likeness.unlike(Notice.of(before, said.seen_at), notice)
    if first is None or latest is None or is_another:
        return _announce(said, part, usual, shelf)
    if _says_anew("repost", before, part.record):
        return SILENT
    if said.item.origins.filter(part=part.key, revision__gt=1).count() >= _MOST_CORRECTIONS:
        _note(said, _RESTLESS)
        return SILENT
    if twin := _corrected_already(first, said, notice):
        return _join(twin, said, part, notice, SILENT, shelf)
    kept_back = latest.state in {BulletinState.HELD, BulletinState.DISMISSED}
    fate = Fate(BulletinState(latest.state), latest.held_because) if kept_back else usual
    if _says_anew("reminder", before, part.record):
        return _announce(said, part, fate, shelf)
    _publish(said, part, notice, fate, shelf, _correction(first, before, part.record))
    return fate


def _next_stage(before: Record, after: Record) -> bool:
    """A proposal whose page turns into the adoption is another notice, not a correction."""
    types = {lifecycle(one.title, one.body_html) for one in (before, after)} - {"notice"}
    return len(types) > 1


def _says_anew(mark: str, before: Record, after: Record) -> bool:
    """Does its title say so now that did not, and nothing else?"""
    earlier, later = marks.read(before.title), marks.read(after.title)
    is_same = normalised_title(earlier.title) == normalised_title(later.title)
    return is_same and later.mark == mark != earlier.mark


def _corrected_already(first: Bulletin, said: Revision, notice: Notice) -> Bulletin | None:
    """The same correction at another source of the same notice."""
    corrections = Bulletin.objects.filter(corrects=first).exclude(origins__item=said.item)
    equal = (
        one
        for one in corrections.order_by("-id")
        if likeness.equal(Notice.of(bulletin_record(one), one.first_seen_at), notice)
    )
    return next(equal, None)


def _publish(
    said: Revision, part: Part, notice: Notice, fate: Fate, shelf: Shelf, relation: dict[str, object]
) -> None:
    bulletin = Bulletin(
        title=part.record.title,
        url=said.link,
        body_html=part.record.body_html,
        type=notice.type,
        state=fate.state,
        held_because=fate.why,
        source=said.item.source,
        categories=said.categories,
        published_at=said.published_at,
        first_seen_at=said.seen_at,
        **relation,
    )
    if fate.state is not BulletinState.BASELINE:
        documents, odd = linked.owed(bulletin, said.seen_at)
        shelf.owe(documents)
        _note(said, odd)
    shelf.publish(bulletin)
    shelf.add(_origin(bulletin, said, part), notice, said)


def _origin(bulletin: Bulletin, said: Revision, part: Part) -> Origin:
    return Origin(bulletin=bulletin, item=said.item, revision=said.number, part=part.key, traits=GRAMMAR)


def _note(said: Revision, words: str) -> None:
    if words:
        said.notes = [*said.notes, words]
        if said.pk is not None:  # what a new item says is saved when all of it is announced
            said.save(update_fields=["notes"])
