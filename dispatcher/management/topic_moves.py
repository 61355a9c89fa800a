"""`topics load`, `moves` and `undo`: put this copy of topics.yaml in force; whose followers went where, and back."""

from dispatcher import config
from dispatcher.management import acting, show
from dispatcher.management.command import Options, Verbs
from dispatcher.models import Move
from dispatcher.permissions import Permission
from dispatcher.subscribers import imports, moves
from dispatcher.topics import load

COLUMNS = {
    "id": "ID",
    "topic": "TOPIC",
    "successors": "MOVED TO",
    "people": "PEOPLE",
    "made_at": "ON",
    "letter": "LETTER",
    "undone_at": "UNDONE",
}


def declare(verbs: Verbs) -> None:
    """The three verbs."""
    verbs.add("load", _load, "put this copy of topics.yaml in force, though another was changed later")
    verbs.add("moves", _moves, "whose followers were moved by `replaced_by`, the latest first", json=True)
    undoing = verbs.add("undo", _undo, "have the people of a move follow the old topic again")
    undoing.add_argument("id", type=int, help="of `topics moves`")
    acting.declare(undoing, required=True)


def _load(_: Options) -> None:
    loaded = load.refresh(config.current().topics, even_if_old=True)
    moves.follow()
    imports.take_listed()
    print("loaded: it is in force everywhere" if loaded else "it was in force already")


def _moves(options: Options) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": str(one.id),
            "topic": one.topic.slug,
            "successors": one.successors,
            "people": one.moved.values("ended__subscriber").distinct().count(),
            "made_at": show.iso(one.made_at),
            "letter": f"mailing {one.mailing_id}" if one.mailing_id else None,
            "undone_at": show.iso(one.undone_at),
        }
        for one in Move.objects.select_related("topic")
    ]
    if options.json:
        show.as_json(rows)
    else:
        show.table(rows, COLUMNS, "nobody was moved yet")


def _undo(options: Options) -> None:
    actor = acting.acting(options, Permission.TOPIC_MOVE)
    done = moves.undo(options.id, actor=actor.name, door=actor.door, facts=actor.facts)
    kept = f"; {done.kept} follow the new topic too, because mail of it is under way" if done.kept else ""
    print(f"{done.restored} people follow the old topic again{kept}")
