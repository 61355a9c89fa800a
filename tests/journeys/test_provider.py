"""A provider, from the first visit to the last message: real pages, a real browser, real workers, a relay that keeps what it takes."""

from pathlib import Path
from time import sleep
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import factories as make
import pytest
from browser import Browser, missing
from crowd import NEW, OLD, feed, topic_list
from inbox import link, links, mail, one_click, subjects
from lxml.html import document_fromstring
from relay import Smtpd
from supervised import eventually
from visiting import everything, live
from website import Website
from works import Works

from dispatcher.models import Delivery, LinkRequest, Source, Subscriber, Topic
from dispatcher.web import human

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers")]

PAT = "pat@example.com"
SAM = "sam@example.com"  # subscribes already
_WITHIN = 30.0


@pytest.fixture
def quiet_works(db: str, tmp_path: Path, relay: Smtpd, site: Website):
    """A deployment that nobody subscribes to yet."""
    topics = topic_list(tmp_path, site.url("/feed"))
    with Works(tmp_path, DATABASE_URL=db, TOPICS=str(topics), SMTP_URL=relay.url) as running:
        yield running


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_provider_signs_up_hears_of_the_next_notice_and_leaves(
    quiet_works: Works, relay: Smtpd, site: Website
) -> None:
    quiet_works.beat()
    quiet_works.worker()
    quiet_works.web()
    assert eventually(Source.objects.filter(baselined_at__isnull=False).exists, _WITHIN)
    with Browser() as browser:
        sign_up(browser, quiet_works.url)
        page = browser.page(link(mail(relay, PAT), "/confirm/"), width=320)
        assert Subscriber.objects.get(folded=PAT).subscriptions.count() == 0
        assert "You are subscribed" in page.send("main button")
    publish(quiet_works, site, NEW)
    bulletin = mail(relay, PAT, 2)
    assert "Section 80" in str(bulletin["Subject"])
    assert one_click(bulletin) == one_click(bulletin) == 200
    assert live(Subscriber.objects.get(folded=PAT)) == set()
    publish(quiet_works, site, NEW.replace("id=2", "id=3").replace("Adoption", "Proposal"))
    assert eventually(lambda: make.Bulletin.objects.filter(state="mailed").count() == 2, _WITHIN)
    assert len(subjects(relay, PAT)) == 2


def sign_up(browser: Browser, url: str) -> None:
    """As a person does it, who takes their time."""
    page = browser.page(f"{url}/", width=320)
    page.fill("#address", PAT)
    page.click("input[name=topics]")
    sleep(human._FASTEST + 1)
    assert "Check your mailbox" in page.send("#send")
    assert page.ask("document.cookie") == ""


def publish(works: Works, site: Website, entry: str) -> None:
    site.pages["/feed"] = feed(entry, OLD)
    works.call("sources", "poll", "policy-rules")


@pytest.mark.xdist_group("a-minute")  # it waits: the other journeys need not wait with it
def test_the_broker_is_away_for_a_minute_while_people_sign_up_and_are_mailed(
    works: Works, relay: Smtpd
) -> None:
    """Nobody notices but by the hour: the sweep finds what no bell was rung for."""
    works.beat()
    works.worker()
    works.web()
    make.bulletin(Topic.objects.get(slug="pharmacy"))
    assert eventually(lambda: len(relay.messages) >= 20, _WITHIN)
    works.bell.lose()
    assert ask_for_a_link(works.url, "person7@example.com") == 200
    sleep(60)
    assert LinkRequest.objects.filter(answered_at=None).count() == 1
    works.bell.start()
    assert "/manage/" in link(mail(relay, "person7@example.com", 2), "/manage/")
    owed = Delivery.objects.filter(state__in=("pending", "claimed", "sending"))
    assert eventually(lambda: not owed.exists(), _WITHIN)
    assert len(relay.messages) == Delivery.objects.count() == 301


def ask_for_a_link(url: str, address: str) -> int:
    """A form filled in by hand, which takes a while."""
    with urlopen(f"{url}/manage/", timeout=10) as answer:
        form = document_fromstring(answer.read().decode()).forms[0]
    sleep(human._FASTEST + 1)
    data = urlencode(dict(form.fields) | {"address": address}).encode()
    with urlopen(Request(f"{url}/manage/", data=data), timeout=10) as answer:
        return int(answer.status)


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_scanner_that_follows_every_link_of_every_mail_changes_nothing(
    quiet_works: Works, relay: Smtpd, site: Website
) -> None:
    """Mail gateways open links, follow them, and run what is on the pages."""
    quiet_works.web()
    quiet_works.call("subscribers", "add", SAM, "--topics", "pharmacy", "--consent", "by telephone")
    with Browser() as browser:
        sign_up(browser, quiet_works.url)
        assert ask_for_a_link(quiet_works.url, SAM) == 200
        make.bulletin(Topic.objects.get(slug="pharmacy"))
        quiet_works.call("run", "--once")
        letters = [mail(relay, PAT), mail(relay, SAM), mail(relay, SAM, 2)]
        ours = {one for letter in letters for one in links(letter) if one.startswith(quiet_works.url)}
        assert {one.split("/")[3] for one in ours} >= {"confirm", "u", "manage", "bulletins"}
        before = everything()
        for address in sorted(ours):
            for method in ("HEAD", "GET"):
                with urlopen(Request(address, method=method), timeout=10) as answer:
                    assert answer.status == 200, address
            browser.page(address)
        sleep(2)
        assert everything() == before
