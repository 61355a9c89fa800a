"""How fast are many phrases found in a notice, and what does an item cost from its text to its evidence? Reads and writes nothing.

    python benchmarks/matching.py [--rounds 100]

Notices of 10 KB, written as notices are: paragraphs, tables, curly quotes, citations. The folded letters are searched by our index,
by pyahocorasick with the same test of where words meet, and by one compiled regular expression, which misses phrases that overlap.
They take turns, in processor time, and the best of the rounds counts. Exits 1 if a promise below is broken.
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterable
from itertools import pairwise

import ahocorasick

from dispatcher.formats import sections, words
from dispatcher.formats.index import Index
from dispatcher.formats.words import Folded, Phrase, phrase
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, TopicRules, compile_rules

COUNTS = (100, 1_000, 10_000, 100_000)
AT = 1_000  # phrases at which the promises are kept
TIMES_REGEX, TIMES_PYAHOCORASICK, MOST_GROWTH, MOST_MS = 20, 1.5, 10, 3.0

SENTENCES = [
    "The Department of Health and Human Services adopts changes to Chapters II and III, Section {n}, effective July\xa01, 2026.",
    "Providers who bill under Section {n} will find the new rates on the Health PAS Online Portal, under “Fee Schedules”.",
    "Prior authorization is not needed for members who began treatment before that date; see Section {n}.0{d}-{d}(A).",
    "A public hearing will be held on March 27 at 10:00 a.m. – comments must be received within 10 days of the hearing.",
    "Behavioral health providers, nursing facilities and home health agencies don’t need to submit new enrollment applications.",
    "In accordance with 22 M.R.S. §3173 and P.L. 2023, ch. 412, the Department is required to raise reimbursement by 4.5%.",
    "The 340B program’s modifiers stay as they are; claims without a National Drug Code (NDC) will deny from $0.00 to $1,250.75.",
    "Questions? Call the Provider Help Desk at 1-866-690-5585, or write to it with your NPI and a claim number.",
    "See https://www.example.gov/dhhs/oms/rules/section-{n}-adopted.pdf for the rule’s text & the concise summary.",
    "• Long-term care facilities • Federally-qualified health centers • Non-emergency transportation brokers",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    notice = written(10 * 1024)
    folded = words.fold([notice.title, *notice.body])
    fold = best(lambda: words.fold([notice.title, *notice.body]), rounds)
    cite = best(lambda: sections.references(notice.title, notice.body), rounds)
    say(
        f"a notice of {sum(map(len, notice.body)):,} characters: folding {fold:.2f} ms, its sections {cite:.2f} ms"
    )
    ours = {count: find(count, folded, notice, rounds) for count in COUNTS}
    whole = path(notice, rounds)
    growth = ours[COUNTS[-1]][0] / ours[AT][0]
    say(
        f"{COUNTS[-1] // AT}x the phrases cost {growth:.1f}x the time (at most {MOST_GROWTH}); the whole path {whole:.2f} ms (at most {MOST_MS})"
    )
    _, times_py, times_regex = ours[AT]
    kept = (
        times_regex >= TIMES_REGEX,
        times_py >= TIMES_PYAHOCORASICK,
        growth <= MOST_GROWTH,
        whole <= MOST_MS,
    )
    return int(not all(kept))


def say(text: str) -> None:
    print(text)  # noqa: T201 -- the result


def best(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took) * 1e3


def written(size: int) -> Document:
    """A notice of that many characters, in paragraphs and table cells: a third as notices are worded, the rest of made words."""
    rnd = random.Random(1)  # noqa: S311 -- the same notice each time, no secret
    blocks: list[str] = []
    while sum(map(len, blocks)) < size:
        sentence = rnd.choice(SENTENCES).format(n=rnd.choice([45, 65, 80, 90, 97]), d=rnd.randrange(1, 9))
        blocks += [f"{sentence} {made(rnd, 15)}. {made(rnd, 15)}.", f"Code H00{rnd.randrange(10, 99)}"]
    title = "Notice of Agency Rule-making Adoption: Chapter II, Section 80, Pharmacy Services"
    return Document(title, tuple(blocks), "adopted")


def made(rnd: random.Random, count: int) -> str:
    """Words that nobody knows, as long and as different as those of a language with thirty thousand."""
    return " ".join(rnd.choice(VOCABULARY) for _ in range(count))


def vocabulary(count: int) -> list[str]:
    rnd = random.Random(2)  # noqa: S311 -- as above
    syllables = [
        first + vowel + last
        for first in "bcdfghlmnprstvw"
        for vowel in "aeiou"
        for last in ("", "n", "r", "s", "t")
    ]
    return ["".join(rnd.choices(syllables, k=rnd.choice([2, 3, 3, 4]))) for _ in range(count)]


VOCABULARY = vocabulary(30_000)


def phrases(count: int, notice: Document) -> list[str]:
    """Of one to three words, some of them words of the notice; the same for the same count."""
    rnd = random.Random(count)  # noqa: S311 -- as above
    known = sorted(set(re.findall("[a-z]{3,}", " ".join(notice.body).lower())))
    found: dict[str, None] = {}
    while len(found) < count:
        length = rnd.choices([1, 2, 3], [1, 5, 3])[0]
        several = [rnd.choice(known) if rnd.random() < 0.01 else made(rnd, 1) for _ in range(length)]
        found[" ".join(several)] = None
    return list(found)


def find(count: int, folded: Folded, notice: Document, rounds: int) -> tuple[float, float, float]:
    """How long one pass of ours takes, and how many times as long the others do."""
    terms = phrases(count, notice)
    began = time.process_time()
    index = Index({term: term for term in terms})
    built = time.process_time() - began
    other = Other(terms)
    if dict(index.find(folded)).keys() != other.find(folded):
        raise SystemExit("the two automata find different phrases: no figure would mean anything")
    ours, theirs = best(lambda: index.find(folded), rounds), best(lambda: other.find(folded), rounds)
    regex = alternation(terms, folded, rounds) if count <= AT else 0.0
    told = f"{count:>7,} phrases: {ours:.3f} ms, built in {built:.2f} s; pyahocorasick {theirs / ours:.1f}x the time"
    say(told + (f", a regular expression {regex / ours:,.0f}x" if regex else ""))
    return ours, theirs / ours, regex / ours


class Other:
    """Our index with pyahocorasick in the place of the automaton: the same letters, the same test, the same answer."""

    def __init__(self, terms: Iterable[str]) -> None:
        meant: dict[str, list[tuple[str, Phrase]]] = {}
        for term in terms:
            wanted = phrase(term)
            meant.setdefault(wanted.letters.run, []).append((term, wanted))
        self.automaton = ahocorasick.Automaton()
        for run, those in meant.items():
            self.automaton.add_word(run, (len(run), those))
        self.automaton.make_automaton()

    def find(self, folded: Folded) -> set[str]:
        joints = folded.letters.joints
        found = set()
        for last, (length, those) in self.automaton.iter(folded.letters.run):
            at = last + 1 - length
            if joints[at]:
                found.update(term for term, wanted in those if wanted.fits(joints, at, last + 1))
        return found


def alternation(terms: Iterable[str], folded: Folded, rounds: int) -> float:
    joints = [at for at, joint in enumerate(folded.letters.joints) if joint]
    text = " ".join(folded.letters.run[at:end] for at, end in pairwise(joints))
    pattern = re.compile(rf"\b(?:{'|'.join(re.escape(term) for term in terms)})\b")
    return best(lambda: pattern.findall(text), max(3, rounds // 10))


def path(notice: Document, rounds: int) -> float:
    """Fold, sections, rules and evidence: a hundred topics, a section and ten phrases each."""
    terms = phrases(AT, notice)
    numbers = ["80", "90", "97", "45", "65"]
    topics = [
        TopicRules(
            f"topic-{number}",
            (sections.Section(None, numbers[number % len(numbers)]),) if number < 10 else (),
            (Rule(any=tuple(terms[number::100])),),
        )
        for number in range(100)
    ]
    matcher = compile_rules(topics)
    say(f"{len(matcher.match(notice).topics)} of {len(topics)} topics concerned")
    return best(lambda: matcher.match(notice), rounds)


if __name__ == "__main__":
    sys.exit(main())
