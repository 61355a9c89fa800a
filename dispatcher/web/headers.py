"""The headers of every answer: what a browser may do with our pages. Strict by default; a view may say otherwise for its own page."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase

from dispatcher import config

_OURS_ALONE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers then post forms with `Origin: null`, which no check against forged requests can accept.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_HTTPS_ONLY = {"Strict-Transport-Security": "max-age=63072000"}

Answer = Callable[[HttpRequest], HttpResponseBase]


def strict_headers(get_response: Answer) -> Answer:
    """Middleware, the outermost: each header that the view did not set itself."""
    # Not by the request's own scheme: behind a proxy that ends TLS it is always http.
    https = config.current().public_url.startswith("https:")
    defaults = _OURS_ALONE | (_HTTPS_ONLY if https else {})

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in defaults.items():
            response.headers.setdefault(name, value)
        return response

    return answer


def of_a_message(public_url: str) -> dict[str, str]:
    """For the HTML of a mail, shown in a frame: a document of its own that runs nothing, and loads nothing but images of ours."""
    address = urlsplit(public_url)
    return {
        "Content-Security-Policy": (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
            f"img-src {address.scheme}://{address.netloc}; frame-ancestors 'self'"
        ),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "unsafe-none",  # browsers may refuse any other for what is in a sandbox
    }
