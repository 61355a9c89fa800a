"""Narrowing: a person's own words on a subscription. They belong to the row, so they end with it and come back with it."""

from collections.abc import Iterable, Mapping, Sequence

from dispatcher.formats import keywords
from dispatcher.models import Keyword, Subscription, Topic
from dispatcher.subscribers.subscriptions import History

Words = tuple[keywords.Keyword, ...]


def of(history: History) -> dict[int, tuple[str, ...]]:
    """The words of each live subscription that has some, by topic, as they were typed."""
    rows = Keyword.objects.filter(subscription__in=history.live.values()).select_related("subscription")
    words: dict[int, list[str]] = {}
    for one in rows:
        words.setdefault(one.subscription.topic_id, []).append(one.phrase)
    return {topic: tuple(phrases) for topic, phrases in words.items()}


def narrow(history: History, wanted: Mapping[int, Words]) -> list[Topic]:
    """Have exactly these words on these topics, in the caller's transaction and hold. Returns the topics whose words changed."""
    now = of(history)
    changed = [
        (history.live[topic], words)
        for topic, words in wanted.items()
        if topic in history.live and tuple(one.phrase for one in words) != now.get(topic, ())
    ]
    Keyword.objects.filter(subscription__in=[subscription for subscription, _ in changed]).delete()
    _add((subscription, words) for subscription, words in changed)
    return [subscription.topic for subscription, _ in changed]


def _add(wanted: Iterable[tuple[Subscription, Sequence[keywords.Keyword]]]) -> None:
    Keyword.objects.bulk_create(
        [
            Keyword(subscription=subscription, phrase=one.phrase, folded=one.folded)
            for subscription, words in wanted
            for one in words
        ],
        ignore_conflicts=True,
    )
