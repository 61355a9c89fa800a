"""What one seed draws: who the audience is, who leaves and when, what is harmed in which order and at which moments."""

from dataclasses import dataclass
from random import Random

from dispatcher.failpoints import Failpoint

# How often each harm is drawn. Ends of single processes are what happens most, and cost least to come back from.
_WEIGHTS = {
    "kill a child": 8,
    "arm a worker": 5,
    "kill a worker": 3,
    "kill a machine": 1,
    "kill the timetable": 2,
    "kill the pages": 2,
    "end a worker": 1,
    "stop a worker": 2,
    "empty Valkey": 2,
    "lose Valkey": 1,
    "restart PostgreSQL": 2,
}
# Where an armed worker's processes die again and again, each at its nth arrival: late enough that each gets something done.
_PLACES = {
    Failpoint.AFTER_CLAIM: (2, 3),
    Failpoint.AFTER_SENDING_MARK: (4, 12),
    Failpoint.IN_DATA: (5, 25),
    Failpoint.AFTER_DOT_BEFORE_250: (5, 25),
    Failpoint.AFTER_250_BEFORE_COMMIT: (5, 25),
    Failpoint.AFTER_OUTCOME_COMMIT: (3, 12),
    Failpoint.AFTER_COMMIT_BEFORE_ACK: (2, 4),
    Failpoint.MID_SLICE: (2, 3),
    Failpoint.AFTER_SLICE: (2, 3),
    Failpoint.AFTER_MAILING_BEFORE_ROWS: (1, 2),
    Failpoint.IN_RECOVER: (2, 4),
}


@dataclass(frozen=True)
class Harm:
    """Something that is done to the works, so long after the one before. `draw` decides what is left to decide then."""

    what: str
    after: float
    draw: float
    place: str = ""  # of an armed worker, as its setting wants it


@dataclass(frozen=True)
class Plan:
    """One run."""

    seed: int
    people: int
    suppressed: int
    unconfirmed: int
    leaving: tuple[int, ...]  # numbers of people, in the order in which they leave
    harms: tuple[Harm, ...]

    @classmethod
    def draw(cls, seed: int, harms: int, database: str) -> "Plan":
        """The same for the same seed, whatever the machine."""
        drawn = Random(f"{seed}:{database}")
        people = drawn.randint(150, 300)
        return cls(
            seed=seed,
            people=people,
            suppressed=drawn.randint(2, 6),
            unconfirmed=drawn.randint(2, 6),
            leaving=tuple(drawn.sample(range(people), drawn.randint(10, 25))),
            harms=tuple(_harm(drawn, database) for _ in range(harms)),
        )


def _harm(drawn: Random, database: str) -> Harm:
    weights = {
        what: weight for what, weight in _WEIGHTS.items() if database in what.lower() or "SQL" not in what
    }
    (what,) = drawn.choices(list(weights), list(weights.values()))
    place = drawn.choice(list(_PLACES))
    at = drawn.randint(*_PLACES[place])
    return Harm(
        what, drawn.uniform(0.3, 1.5), drawn.random(), f"{place}:{at}" if what == "arm a worker" else ""
    )
