"""Asking one address and saying what is expected of the result; limits are small so that nobody waits for them."""

import re

from dispatcher.errors import DispatcherError
from dispatcher.sources.fetch import Answer, Limits, Request, Result, fetch_all

LIMITS = Limits(whole_seconds=3, connect_seconds=1, gap_seconds=0.3, body_bytes=200_000, pause_seconds=0)
FEED = b"<rss version='2.0'><channel><title>Notices</title></channel></rss>"


def ask(url: str, limits: Limits = LIMITS, *, private: bool = True, **validators: str) -> Result:
    (result,) = fetch_all([Request(url, allow_private=private, **validators)], limits, "Dispatcher-Test/1")
    return result


def answered(result: Result) -> Answer:
    assert isinstance(result, Answer), repr(result)
    return result


def failed(result: Result, kind: type[DispatcherError], words: str) -> DispatcherError:
    assert type(result) is kind, repr(result)
    assert re.search(words, str(result)), str(result)
    return result
