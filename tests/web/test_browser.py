"""The pages as a real server sends them to a real browser."""

from pathlib import Path

import browser
import keeping
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_the_mailbox_can_be_read_on_any_screen(served: str, mailbox: Path, chromium: browser.Browser) -> None:
    long = "https://notices.example.gov/" + "unbroken" * 40
    keeping.keep(mailbox, 2, keeping.mail(subject=f"Emergency rule {long}", to=f"{'x' * 60}@example.com"))
    keeping.keep(mailbox, 3, f"Subject: plain\r\nX-Long: {long}\r\n\r\n{long}\r\n".encode())
    backgrounds = set()
    for asked in ("/mailbox/", "/mailbox/2/", "/mailbox/3/", "/nothing"):
        for width in (320, 1000):
            for dark in (False, True):
                page = chromium.page(served + asked, width=width, dark=dark)
                assert page.ask("document.documentElement.scrollWidth") <= width, (asked, width)
                backgrounds.add((dark, page.ask("getComputedStyle(document.body).backgroundColor")))
    assert len(backgrounds) == 2


def test_the_list_leads_to_the_message_whose_scripts_do_not_run(
    served: str, chromium: browser.Browser
) -> None:
    listed = chromium.page(f"{served}/mailbox/")
    assert listed.ask("document.querySelector('tbody a').innerText") == "Rates of Section 45"
    assert listed.complaints == []
    message = chromium.page(listed.ask("document.querySelector('tbody a').href"))
    assert message.ask("document.querySelector('h1').innerText") == "Rates of Section 45"
    assert message.ask("document.querySelector('iframe').contentDocument") is None
    alone = chromium.page(f"{served}/mailbox/1/html")
    assert alone.ask("document.querySelector('h1').innerText") == "New rates"
    assert alone.ask("document.title") != "ran"
    assert any("script" in one for one in alone.complaints)
