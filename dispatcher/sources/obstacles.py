"""What may stand where a page's list should be: a sign-in, a refusal, maintenance, a list that only a script shows. Pure.

Servers send such pages with status 200. This looks at their titles; it never tries to get past them. Challenges for browsers never
come as far as this: `challenge` sees them in whatever is fetched.
"""

import re

from lxml.html import HtmlElement

# What titles of such pages begin with; the same words later in a title may belong to a notice.
_TITLES = {
    "a page that asks to sign in": r"(?:please )?(?:sign|log)[ -]?(?:in|on)\b|login\b|single sign-on|authentication required|session expired",
    "a refusal": r"access (?:to this page has been )?denied|request rejected|(?:403 )?forbidden|you have been blocked",
    "a maintenance page": r"(?:(?:site|system|scheduled|planned|under|undergoing|down for|temporary) )+maintenance\b|maintenance(?: mode| page)?\s*(?:$|[|\u2013-])|(?:temporarily|service|site|page) (?:temporarily )?unavailable|(?:we(?:'|\u2019)ll )?be right back|site (?:is )?(?:offline|down)",
}
_TITLED = {name: re.compile(titles, re.IGNORECASE) for name, titles in _TITLES.items()}
_SCRIPTED_ROOTS = "//div[@id='root' or @id='app' or @id='__next' or @id='___gatsby'][not(normalize-space())]"
_ASKS_FOR_SCRIPT = re.compile(
    r"(?:enable|requires?|needs?|turn on|without)\s+(?:\w+\s+){0,2}javascript|javascript\s+(?:is|must|to)\b",
    re.IGNORECASE,
)
_LITTLE = 300  # letters: less than any page that has a list


def obstacle(document: HtmlElement, title: str) -> str:
    """What stands there instead of the page, or nothing."""
    heading = " ".join(document.xpath("string((//h1)[1])").split())
    for name, titled in _TITLED.items():
        if titled.match(title) or (not title and titled.match(heading)):
            return f"{name}, titled {(title or heading)[:80]!r}"
    return ""


def hint(document: HtmlElement) -> str:
    """Why a page may lack its list though it looks like a page; begins with a semicolon if there is anything to say."""
    if document.xpath("//input[@type='password']"):
        return "; it asks for a password"
    asks = any(_ASKS_FOR_SCRIPT.search(told.text_content()) for told in document.iter("noscript"))
    hollow = bool(document.xpath(_SCRIPTED_ROOTS)) or _letters(document) < _LITTLE
    if hollow and (asks or document.find(".//script") is not None):
        return "; it needs a script to show its list, and none is run here"
    return ""


def _letters(document: HtmlElement) -> int:
    """Of what a reader would see."""
    seen = document.xpath("string-length(normalize-space(string(//body)))")
    unseen = sum(
        len(one.text_content()) for one in document.xpath("//body//script | //body//style | //body//noscript")
    )
    return int(seen) - unseen
