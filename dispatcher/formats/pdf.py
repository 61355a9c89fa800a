"""Links that lead to PDF documents, told by how they are written, and said to readers before they open one. Pure.

A PDF opens in another program, on a phone often badly, and to a screen reader it may say nothing: so the words of the link say it.
"""

import re
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

_FOR_SURE = re.compile(r"\.pdf/?\Z", re.IGNORECASE)
_PERHAPS = re.compile(r"/attach\.php\Z", re.IGNORECASE)  # maine.gov names its attachments by number alone
_LINK = re.compile(r'<a href="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_SAYS_SO = re.compile(r"\bpdf\b", re.IGNORECASE)


def is_pdf(url: str) -> bool:
    """Does its path say so?"""
    return _FOR_SURE.search(_path(url)) is not None


def may_be_pdf(url: str) -> bool:
    """Is it worth a look?"""
    return is_pdf(url) or _PERHAPS.search(_path(url)) is not None


def named(html: str, known: Collection[str] = ()) -> str:
    """Sanitised HTML in which each link to a PDF says so. `known`: addresses that turned out to be one."""

    def name(found: re.Match[str]) -> str:
        url = found[1].replace("&amp;", "&")
        if not (is_pdf(url) or url in known) or _SAYS_SO.search(_words(found[3])):
            return found[0]
        return f'<a href="{found[1]}"{found[2]}>{found[3]} (PDF)</a>'

    return _LINK.sub(name, html)


def _words(inner: str) -> str:
    """Of a link; where the address itself is the text, the ending in it says it already."""
    return re.sub(r"<[^>]*>", "", inner)


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""
