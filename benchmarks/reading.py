"""What does reading a document cost beside what feedparser takes, and what does the child add? Measures both; mails and fetches nothing.

    python benchmarks/reading.py [--rounds 15]

Each feed is read as if all of it were new. feedparser alone and our whole reading of the same bytes take turns, in processor time, so
that whatever else the machine does hurts both. Exits 1 if what we add is more than `MOST_ADDED` of what feedparser takes.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from html import escape
from io import BytesIO

import feedparser

from dispatcher.sources import feeds
from dispatcher.sources.questions import Question
from dispatcher.sources.reader import Reader

MOST_ADDED = 0.5
URL = "https://feeds.example/notices.rss"
WORDS = "The Department adopts changes to the rule; providers will find what is new below, with the date it takes effect. "

# How the feeds that we poll are written: plain releases, and bulletins in escaped HTML.
DESCRIPTIONS = {
    "releases": WORDS * 3,
    "bulletins": f"&lt;p&gt;{WORDS * 2}&lt;/p&gt;&lt;p&gt;{WORDS}&lt;a href=&quot;https://www.example.gov/n&quot;&gt;Notice&lt;/a&gt;&lt;/p&gt;",
    "long bulletins": f"&lt;h3&gt;Rates&lt;/h3&gt;&lt;p&gt;{WORDS * 4}&lt;/p&gt;&lt;ul&gt;&lt;li&gt;{WORDS}&lt;/li&gt;&lt;li&gt;{WORDS}&lt;/li&gt;&lt;/ul&gt;"
    * 4,
    # As word processors and mail programs write it: layers, styles, trackers, a picture that counts.
    "messy bulletins": escape(
        f'<div class="x" style="font-family:Arial"><p class="MsoNormal" style="margin:0"><span style="font-size:11pt">{WORDS}</span></p>'
        f'<table role="presentation" width="100%"><tr><td><b>{WORDS}</b><br><br>See <a href="https://links-1.govdelivery.com/CL0/'
        'https:%2F%2Fwww.example.gov%2Fn/1/01/x" target="_blank">the <i>notice</i></a>.<img src="https://t.example/p.gif" width=1></td></tr>'
        f'</table><ul style="x"><li><p>{WORDS}</p></li><li>{WORDS}&nbsp;</li></ul><o:p></o:p>{WORDS}</div>'
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    added = [compare(name, feed(text), rounds) for name, text in DESCRIPTIONS.items()]
    reader = Reader()
    for name, body in {
        "an empty document": b"",
        **{name: feed(text) for name, text in DESCRIPTIONS.items()},
    }.items():
        print(f"{name}: through the child {round_trip(reader, body, rounds):,.0f} µs")  # noqa: T201 -- the result
    reader.close()
    *tidy, messy = added
    wanted = f"wanted: at most {MOST_ADDED:.0%}"
    told = f"beside feedparser's own time: tidy at most {max(tidy):.0%}, messy {messy:.0%}; {wanted}"
    print(told)  # noqa: T201 -- as above
    return int(max(added) > MOST_ADDED)


def feed(description: str, entries: int = 100) -> bytes:
    items = "".join(
        f"<item><title>Notice of Agency Rule-making, Section {number}</title><link>https://www.example.gov/n?id={number}</link>"
        f"<description>{description.replace('adopts', f'adopts {number}', 1)}</description><pubDate>Wed, 06 Mar 2024 09:12:04 EST</pubDate></item>"
        for number in range(entries)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


def compare(name: str, body: bytes, rounds: int) -> float:
    """What we add, as a part of what feedparser takes."""
    alone, whole = [], []
    for _ in range(rounds):
        alone.append(seconds(lambda: parse(body)))
        whole.append(seconds(lambda: feeds.read(body, "text/xml", URL)))
    least, ours = min(alone), min(whole) - min(alone)
    told = f"feedparser {least * 1e3:.1f} ms, we add {ours * 1e3:.1f} ms, {ours / least:.0%}"
    print(f"{name}: {len(body):,} bytes, {told}")  # noqa: T201 -- the result
    return ours / least


def parse(body: bytes) -> None:
    headers = {"content-type": "application/xml; charset=utf-8"}
    feedparser.parse(
        BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
    )


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def round_trip(reader: Reader, body: bytes, rounds: int) -> float:
    """Microseconds, by the clock, since two processes share the work."""
    question = Question("feed", "text/xml", URL) if body else Question("document")
    reader.ask(question, body)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        reader.ask(question, body)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6


if __name__ == "__main__":
    sys.exit(main())
