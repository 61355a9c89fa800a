"""The public pages in a real browser: for every eye and every hand, and never acting by themselves."""

import json
import time
from collections.abc import Iterator
from importlib.resources import files

import browser
import pytest
import visiting
from calling import set_environment
from serving import serving

from dispatcher import config
from dispatcher.models import LinkRequest, Subscriber, Topic

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK_AXE = f"""axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(found => JSON.stringify(
  found.violations.map(one => [one.id, one.nodes.map(node => node.html + ' ' + node.failureSummary)])))"""
SCREENS = [(320, False), (320, True), (1000, False), (1000, True)]


@pytest.fixture
def pages(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Addresses, by the names of their routes."""
    set_environment(monkeypatch, REDIS_URL="redis://127.0.0.1:1/0")
    made = visiting.addresses()
    del made["event"]  # a file to keep, no page
    long = "Residential-and-community-support-" * 5
    Topic.objects.filter(slug="dental").update(name=long, description=long * 2)
    visiting.catalog(contact={"telephone": "1-866-555-0100", "email": f"{'help' * 14}@example.gov"})
    return made


@pytest.fixture
def server(pages: dict[str, str]) -> Iterator[str]:
    with serving() as running:
        yield running.url
    config.current.cache_clear()


def look(page: browser.Page, width: int, dark: bool) -> list[object]:
    """What is wrong with a page on this screen."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    page._order("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)  # fmt: skip
    page._order("Emulation.setEmulatedMedia", features=[scheme])
    page.ask(AXE)
    answer = page._order("Runtime.evaluate", expression=ASK_AXE, awaitPromise=True, returnByValue=True)
    found: list[object] = json.loads(answer["result"]["value"])
    too_wide = page.ask("document.documentElement.scrollWidth") > width
    return found + (["scrolls sideways"] if too_wide else [])


def follow(page: browser.Page, action: str) -> None:
    """Do something that leads to another page, and wait for it."""
    page.loaded = False
    page.ask(action)
    while not page.loaded:
        page.browser.read()


def press(page: browser.Page, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        said = {"text": text} if text and kind == "keyDown" else {}
        page._order(
            "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **said
        )


def tab_to(page: browser.Page, wanted: str) -> int:
    """How many times the tabulator is pressed until this has the focus; each stop can be seen."""
    for count in range(1, 60):
        press(page, "Tab", 9)
        outline = page.ask("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.ask("document.activeElement.outerHTML")
        if page.ask(f"document.activeElement.matches({wanted!r})"):
            return count
    raise AssertionError(wanted)


@pytest.mark.parametrize(
    "name", ["sign-up", "confirm", "manage", "manage-link", "unsubscribe", "bulletin", "nothing"]
)
def test_everybody_can_use_the_page(
    name: str, pages: dict[str, str], server: str, chromium: browser.Browser
) -> None:
    page = chromium.page(server + pages.get(name, "/nothing"))
    for width, dark in SCREENS:
        assert look(page, width, dark) == [], (width, dark)
    assert [one for one in page.complaints if "404" not in one] == []


ACTIONS = {
    "sign-up": "document.querySelector('#address').value = 'ann@'; document.querySelector('#send').click()",
    "manage": "document.querySelector('#address').value = 'x@example.com'; document.querySelector('#send').click()",
    "confirm": "document.querySelector('main button').click()",
    "manage-link": "document.querySelector('#topics input').click(); document.querySelector('#send').click()",
    "unsubscribe": "document.querySelector('main button').click()",
}
RESULTS = {
    "sign-up": "Error: Sign up for messages",
    "manage": "Check your mailbox",
    "confirm": "You are subscribed",
    "manage-link": "Saved: Your messages",
    "unsubscribe": "Stopped",
}


@pytest.mark.parametrize("name", ACTIONS)
def test_everybody_can_use_what_comes_of_its_button(
    name: str, pages: dict[str, str], server: str, chromium: browser.Browser
) -> None:
    page = chromium.page(server + pages[name])
    if name == "sign-up":
        time.sleep(4)  # faster ones are taken for machines
    follow(page, ACTIONS[name])
    assert page.ask("document.title").startswith(RESULTS[name])
    for width, dark in SCREENS:
        assert look(page, width, dark) == [], (width, dark)


def test_no_page_acts_by_itself(pages: dict[str, str], server: str, chromium: browser.Browser) -> None:
    before = visiting.everything()
    shown = [chromium.page(server + one) for one in pages.values()]
    time.sleep(2)
    assert all(page.ask("document.title") for page in shown)
    assert visiting.everything() == before


def test_targets_are_large_enough(pages: dict[str, str], server: str, chromium: browser.Browser) -> None:
    page = chromium.page(f"{server}/", width=320)
    height = (
        "Math.min(...[...document.querySelectorAll('%s')].map(one => one.getBoundingClientRect().height))"
    )
    assert page.ask(height % "main button, main input[type=text]") >= 44
    assert page.ask(height % "footer a, main input[type=checkbox]") >= 24


def test_signing_up_takes_nothing_but_a_keyboard(
    pages: dict[str, str], server: str, chromium: browser.Browser
) -> None:
    page = chromium.page(f"{server}/", width=320)
    LinkRequest.objects.all().delete()
    time.sleep(4)
    tab_to(page, "#address")
    page._order("Input.insertText", text="keys@example.com")
    tab_to(page, "input[type=checkbox]")
    press(page, " ", 32, " ")
    tab_to(page, "#send")
    page.loaded = False
    press(page, "Enter", 13, "\r")
    while not page.loaded:
        page.browser.read()
    assert page.ask("document.querySelector('h1').innerText") == "Check your mailbox"
    assert LinkRequest.objects.get().address == "keys@example.com"
    assert page.ask("document.cookie") == ""


def test_a_mistake_has_the_focus_and_leads_to_its_field(
    pages: dict[str, str], server: str, chromium: browser.Browser
) -> None:
    page = chromium.page(f"{server}/manage/", width=320)
    follow(page, "document.querySelector('#send').click()")
    assert page.comes("document.activeElement.getAttribute('role') === 'alert'")
    assert tab_to(page, ".summary a") == 1
    press(page, "Enter", 13, "\r")
    assert page.comes("document.activeElement.id === 'address'")


def test_leaving_takes_nothing_but_a_keyboard(
    pages: dict[str, str], server: str, chromium: browser.Browser
) -> None:
    page = chromium.page(server + pages["unsubscribe"], width=320)
    tab_to(page, "main button")
    page.loaded = False
    press(page, "Enter", 13, "\r")
    while not page.loaded:
        page.browser.read()
    assert page.ask("document.querySelector('h1').innerText") == "Stopped"
    person = Subscriber.objects.get(address="leaving@example.com")
    assert visiting.live(person) == set()
    follow(page, "document.querySelector('form[action$=undo] button').click()")
    assert visiting.live(person) == {"pharmacy"}
