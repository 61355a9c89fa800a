"""Is this a challenge: a page that wants a browser, or a person, before it lets anybody in? Pure. Asked of whatever is fetched.

Told by what only such a page says. The scripts of these services stand in ordinary pages of their customers too, so the name of
a service, or of its script, proves nothing.
"""

import re

_LOOKED_AT = 20_000  # bytes; these pages are small, and what tells them stands early
_TITLE = re.compile(
    rb"<title[^>]*>\s*(?:just a moment|attention required!|checking your browser|verify(?:ing)? (?:that )?you|"
    rb"one moment, please|ddos-guard|human verification|are you (?:a )?(?:human|robot)|"
    rb"(?:security check(?:point)?|one more step)\s*[<|-])",
    re.IGNORECASE,
)
_MARKS = re.compile(
    rb"_cf_chl_opt|id=\"cf-(?:challenge|please-wait)|Incapsula incident ID|awsWafCookieDomainList|"
    rb"<h1>\s*Access Denied\s*</h1>.{0,300}edgesuite\.net|\bsgcaptcha\b|px-captcha",
    re.IGNORECASE | re.DOTALL,
)
_SCRIPTS = re.compile(
    rb"/_Incapsula_Resource|ddg-captcha"
)  # of a challenge, if there is hardly anything beside
_UNSEEN = re.compile(rb"<(script|style|noscript|head)\b.*?</\1|<[^>]*>?", re.IGNORECASE | re.DOTALL)
_LITTLE = 300  # letters
_HTML = re.compile(
    rb"\A\W*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head)\b", re.IGNORECASE | re.DOTALL
)


def stands_in(body: bytes) -> bool:
    """Does a challenge stand where a document should?"""
    beginning = body[:_LOOKED_AT]
    if not _HTML.match(beginning):
        return False
    if _TITLE.search(beginning) or _MARKS.search(beginning):
        return True
    return bool(_SCRIPTS.search(beginning)) and len(b"".join(_UNSEEN.sub(b"", body).split())) < _LITTLE
