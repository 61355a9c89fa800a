"""Challenges are told from pages that merely carry a script of the same service."""

import pytest

from dispatcher.sources.challenge import stands_in

PAGE = b"<!DOCTYPE html>\n<html><head><title>%s</title>%s</head><body>%s</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        PAGE % (b"Just a moment...", b"", b""),
        PAGE % (b"\n Attention Required! | Cloudflare", b"", b""),
        PAGE % (b"x", b"<script>window._cf_chl_opt={}</script>", b""),
        PAGE % (b"", b"", b"Request unsuccessful. Incapsula incident ID: 1"),
        PAGE % (b"Access Denied", b"", b"<H1>Access Denied</H1> https://errors.edgesuite.net/18.1"),
        PAGE % (b"Security Check | x", b"", b""),
        PAGE % (b"Verify you are human", b"", b""),
        PAGE
        % (b"x", b"<script src='/_Incapsula_Resource?a=1'></script>", b"<p>Wait</p><style>a{b:c}</style>"),
        b"\xef\xbb\xbf  <!-- a --><html><title>DDoS-Guard</title>",
    ],
)
def test_a_challenge_is_seen(body: bytes) -> None:
    assert stands_in(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<?xml version='1.0'?><rss><channel><title>Just a moment...</title></channel></rss>",
        PAGE % (b"MaineCare notices", b"<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>", b""),
        PAGE % (b"MaineCare notices", b"<script src='/_Incapsula_Resource?a=1'></script>", b"Notices and words " * 30),
        PAGE % (b"Notices", b"", b"<h2>Just a moment: what providers ask</h2>"),
        PAGE % (b"Sign in", b"", b""),
        PAGE % (b"Security check requirements for providers", b"", b""),
    ],
)  # fmt: skip
def test_an_ordinary_page_is_none(body: bytes) -> None:
    assert not stands_in(body)
