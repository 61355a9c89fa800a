"""What matched no topic: the list with the nearest topics, and the two decisions that a person can take."""

from argparse import ArgumentParser

from dispatcher.errors import BadInput
from dispatcher.management import acting
from dispatcher.management.command import Options, Verbs
from dispatcher.models import Bulletin, BulletinState
from dispatcher.permissions import Permission
from dispatcher.topics import by_hand, match, why_not
from dispatcher.topics.by_hand import By

COLUMNS = {
    "id": "ID",
    "first_seen_at": "SEEN",
    "source": "SOURCE",
    "title": "TITLE",
    "nearest": "NEAREST TOPICS",
}


def declare(verbs: Verbs) -> None:
    """`bulletins assign` and `bulletins dismiss`."""
    assigning = verbs.add(
        "assign", _assign, "give a bulletin topics by hand; it is mailed to their followers"
    )
    assigning.add_argument("id", type=int)
    assigning.add_argument("topics", nargs="+", metavar="TOPIC")
    acting.declare(assigning, required=True)
    dismissing = verbs.add("dismiss", _dismiss, "mail a bulletin that matched no topic to nobody")
    dismissing.add_argument("id", type=int)
    _because(dismissing)
    acting.declare(dismissing, required=True)


def nearest_of(bulletins: list[Bulletin]) -> list[list[dict[str, str]]]:
    """For each, in words of JSON, the topics it was nearest to and what was missing."""
    matcher = match.live_matcher()
    return [
        [
            {"slug": one.slug, "why": "; ".join(one.missing)}
            for one in why_not.nearest(matcher, match.document(bulletin))
        ]
        for bulletin in bulletins
    ]


def waiting() -> list[Bulletin]:
    """Looked at, matched by no topic, and nobody has decided; the oldest first."""
    rows = Bulletin.objects.filter(state=BulletinState.UNMATCHED, matched_at__isnull=False)
    return list(rows.select_related("source").prefetch_related("matches__topic", "origins").order_by("id"))


def _because(parser: ArgumentParser) -> None:
    parser.add_argument("--because", required=True, metavar="WHY", help="goes into the journal")


def _assign(options: Options) -> None:
    assigned = by_hand.assign(options.id, options.topics, _by(options))
    print(
        f"{', '.join(assigned)}: the next run mails it to whoever follows"
        if assigned
        else "it has these topics already"
    )


def _dismiss(options: Options) -> None:
    because = options.because.strip()
    if not because:
        raise BadInput("--because", "empty", "say why nobody needs it")
    done = by_hand.dismiss(options.id, because, _by(options))
    print("dismissed: it is mailed to nobody" if done else "it was dismissed before")


def _by(options: Options) -> By:
    actor = acting.acting(options, Permission.BULLETIN_ASSIGN)
    return By(actor.name, actor.door, actor.facts)
