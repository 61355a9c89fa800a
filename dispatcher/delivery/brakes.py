"""What stops a mailing by itself: a message that relays find malformed or too big, and too many addresses that turn out to be gone."""

from collections import Counter

from dispatcher.delivery.statements import Outcome
from dispatcher.formats.verdicts import Action, Verdict, consequence
from dispatcher.models import DeliveryState, Mailing, MailingState

# Addresses of one mailing that may turn out to be gone in a round: so many, or so large a share of what was sent. A relay that answers
# everybody with a plain "no" would empty the list.
MOST_GONE, GONE_SHARE = 10, 0.02


class Brakes:
    """Of one round. `to_pause` says why; `charged` are deliveries that failed by a fault of the address, not to be believed of `flooded` mailings."""

    def __init__(self) -> None:
        self.to_pause: dict[int, str] = {}
        self.charged: list[int] = []
        self.flooded: set[int] = set()
        self._sent: Counter[int] = Counter()
        self._gone: Counter[int] = Counter()

    def notice(self, outcome: Outcome, verdict: Verdict) -> bool:
        """True if it is because of this outcome that its mailing must not go on."""
        mailing, stopped = outcome.mailing, outcome.mailing in self.to_pause
        self._sent[mailing] += 1
        if verdict is Verdict.ACCEPTED:
            return False
        if outcome.charged and outcome.state == DeliveryState.FAILED:
            self.charged.append(outcome.id)
        if verdict is Verdict.GONE:
            self._count_gone(mailing, outcome.reply)
        elif consequence(verdict, None).action is Action.PAUSE_MAILING:
            self.to_pause[mailing] = f"{verdict}: {outcome.reply}"
        return mailing in self.to_pause and not stopped

    def _count_gone(self, mailing: int, reply: str) -> None:
        self._gone[mailing] += 1
        if self._gone[mailing] > max(MOST_GONE, GONE_SHARE * self._sent[mailing]):
            self.flooded.add(mailing)
            self.to_pause[mailing] = f"{self._gone[mailing]} addresses gone at once, none suppressed: {reply}"


def pause(mailing: int, why: str) -> None:
    """Stop it, on every worker: marks ask for the state of the mailing. Twice is once; what a person did meanwhile stands."""
    running = Mailing.objects.filter(id=mailing, state=MailingState.RUNNING)
    running.update(state=MailingState.PAUSED, why=why[:1000])
