"""A rehearsal says per topic what is gained and lost, and for people how many mails more or less; it changes nothing."""

from dispatcher.topics.asked import Rule, TopicRules
from dispatcher.topics.backtest import MANY, Kept, rehearse
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Matcher, compile_rules

FOLLOWERS = {"pharmacy": {1, 2}, "dental": {2, 3}, "old": {4}}


def kept(*titles: str) -> list[Kept]:
    return [Kept(number, title, Document(title, ())) for number, title in enumerate(titles, 1)]


def rules(**topics: str) -> Matcher:
    return compile_rules([TopicRules(slug, (), (Rule(any=(word,)),)) for slug, word in topics.items()])


def followers(slug: str) -> set[int]:
    return FOLLOWERS.get(slug, set())


def test_what_each_topic_gains_loses_and_keeps() -> None:
    done = rehearse(
        kept("drugs", "pills", "teeth", "parking"),
        rules(pharmacy="drug*", dental="teeth", old="parking"),
        rules(pharmacy="pills", dental="teeth", new="nothing"),
        followers,
    )
    assert done.bulletins == 4
    assert [one.title for one in done.topics["pharmacy"].gained] == ["pills"]
    assert [one.title for one in done.topics["pharmacy"].lost] == ["drugs"]
    assert done.topics["dental"].same == 1
    assert [one.title for one in done.topics["old"].lost] == ["parking"], "a topic that is left out loses all"
    assert done.silent == ["new", "old"]
    assert [one.title for one in done.unmatched] == ["drugs", "parking"]
    assert (done.more.people, done.more.mails) == ({1, 2}, 2)
    assert (done.less.people, done.less.mails) == ({1, 2, 4}, 3)


def test_who_hears_of_it_by_another_topic_anyway_gets_neither_more_nor_less() -> None:
    done = rehearse(kept("drugs and teeth"), rules(pharmacy="drugs"), rules(dental="teeth"), followers)
    assert (done.more.people, done.less.people) == ({3}, {1}), "2 follows both"


def test_a_bulletin_of_very_many_topics_is_named() -> None:
    wide = rules(**{f"topic{n}": "rates" for n in range(MANY)})
    done = rehearse(kept("rates"), wide, wide, followers)
    ((bulletin, topics),) = done.many
    assert (bulletin.title, len(topics)) == ("rates", MANY)
    assert done.more.mails == done.less.mails == 0
