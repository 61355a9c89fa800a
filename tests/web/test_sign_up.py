"""Sign-up: what people see and send, what machines and mischief get, and that everybody gets the same."""

import hashlib

import factories as make
import lxml.html
import pytest
import visiting
from calling import set_environment
from django.test import Client

from dispatcher import config
from dispatcher.models import Catalog, LinkKind, LinkRequest, Tally, Topic
from dispatcher.models.clock import database_now
from dispatcher.web import human, sign_up

MACHINE = "form filled by a machine"
MISCHIEF = {
    "header": "ann@example.com\r\nBcc: ben@example.com",
    "template": "{{7*7}}@example.com",
    "tag": '"><img src=x onerror=alert(1)>',
    "nul": "ann\x00@example.com",
    "override": "\N{RIGHT-TO-LEFT OVERRIDE}moc.elpmaxe@nna",
    "long": "a" * 1_000_000,
}


@pytest.fixture
def topics(sqlite_db: str) -> list[Topic]:
    visiting.catalog()
    return visiting.topics()


def page(text: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(text)


def tallied() -> int:
    return Tally.since(database_now()).get(MACHINE, 0)


def test_the_form_offers_the_topics_in_use_by_category(topics: list[Topic], visitor: Client) -> None:
    shown = page(visitor.get("/").text)
    legends = shown.xpath("//fieldset/legend/text()")
    assert legends == ["MaineCare Stakeholders", "Rules", "How often?"]
    labels = [one.text_content() for one in shown.xpath("//fieldset//input[@type='checkbox']/../label")]
    assert labels == ["Pharmacy", "Dental", "Rule Making"]
    assert shown.xpath("//input[@type='radio'][@checked]/@value") == ["immediate"]
    assert "Drug lists and prior authorization." in shown.text_content()
    (field,) = shown.xpath("//input[@name='address']")
    assert (field.get("autocomplete"), field.get("inputmode"), field.get("spellcheck")) == ("email", "email", "false")  # fmt: skip
    assert not shown.xpath("//input[@type='checkbox'][@checked]|//script|//*[@aria-invalid]")


def test_topics_of_one_category_stand_under_their_groups_with_a_way_to_each(
    topics: list[Topic], visitor: Client
) -> None:
    Topic.objects.filter(slug="dental").update(group="Clinics")
    shown = page(visitor.get("/").text)
    assert shown.xpath("//fieldset/legend/text()")[:3] == ["MaineCare Stakeholders", "Clinics", "Rules"]
    for link in shown.xpath("//nav[@aria-label='Groups of topics']//a"):
        (there,) = shown.xpath(f"//fieldset[@id='{link.get('href')[1:]}']/legend/text()")
        assert there == link.text


@pytest.mark.parametrize(
    ("query", "ticked"), [("?for=clinic", {"Dental"}), ("?for=nobody", set()), ("", set())]
)
def test_a_preset_ticks_what_a_kind_of_provider_follows(
    topics: list[Topic], visitor: Client, query: str, ticked: set[str]
) -> None:
    presets = [{"slug": "clinic", "name": "Clinic & practice", "topics": ["dental", "gone"]}]
    Catalog.objects.update(presets=presets)
    shown = page(visitor.get(f"/{query}").text)
    ids = shown.xpath("//input[@name='topics'][@checked]/@id")
    assert {shown.xpath(f"//label[@for='{one}']")[0].text_content().strip() for one in ids} == ticked
    (link,) = shown.xpath("//section[@aria-labelledby='presets']//a")
    assert (link.text, link.get("href")) == ("Clinic & practice", "/?for=clinic#sign-up")
    assert ("Ticked for you" in shown.text_content()) is bool(ticked)


def test_the_words_that_are_agreed_to_are_those_whose_hash_is_kept(
    topics: list[Topic], visitor: Client
) -> None:
    shown = page(visitor.get("/").text)
    words = "\n".join(shown.xpath("//ul[@class='wording']/li/text()"))
    visitor.post("/", visiting.filled(topics[0]))
    assert LinkRequest.objects.get().wording == hashlib.sha256(words.encode()).hexdigest()
    assert "public records" in words


@pytest.mark.parametrize(("posted", "kept"), [({"cadence": "weekly"}, "weekly"), ({}, "immediate")])
def test_how_often_is_part_of_the_request(
    topics: list[Topic], visitor: Client, posted: dict[str, str], kept: str
) -> None:
    visitor.post("/", visiting.filled(topics[0], **posted))
    assert LinkRequest.objects.get().cadence == kept


def test_a_cadence_that_there_is_not_is_a_mistake(topics: list[Topic], visitor: Client) -> None:
    answer = visitor.post("/", visiting.filled(topics[0], cadence="hourly"))
    assert answer.status_code == 422
    assert "Choose how often" in answer.text
    assert not LinkRequest.objects.exists()


def test_without_topics_there_is_nothing_to_sign_up_for(sqlite_db: str, visitor: Client) -> None:
    for answer in (visitor.get("/"), visitor.post("/", visiting.filled())):
        assert answer.status_code == 503
        assert "Sign-up is not open yet" in answer.text


def test_a_sign_up_becomes_one_request(topics: list[Topic], visitor: Client) -> None:
    pharmacy, _, rules = topics
    answer = visitor.post("/", visiting.filled(pharmacy, rules, address=" Ann@EXAMPLE.com "), REMOTE_ADDR="203.0.113.9")  # fmt: skip
    assert answer.status_code == 200
    assert "Check your mailbox" in answer.text
    assert "72 hours" in answer.text
    request = LinkRequest.objects.get()
    assert (request.kind, request.address, request.network) == (LinkKind.CONFIRM, "Ann@example.com", "203.0.113.0/24")  # fmt: skip
    assert set(request.topics) == {pharmacy.id, rules.id}


def test_known_unknown_and_suppressed_get_the_same_bytes(topics: list[Topic], visitor: Client) -> None:
    visiting.subscriber(topics[0], address="known@example.com")
    make.suppress(make.subscriber("suppressed@example.com"))
    who = ("known@example.com", "unknown@example.com", "suppressed@example.com")
    assert len({visitor.post("/", visiting.filled(topics[0], address=one)).content for one in who}) == 1
    assert len({visitor.post("/manage/", visiting.filled(address=one)).content for one in who}) == 1
    assert LinkRequest.objects.filter(kind=LinkKind.CONFIRM).count() == 3


def test_over_a_cap_the_page_is_the_same(
    topics: list[Topic], visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, CAP_ADDRESS="1/1d")
    first, second = (visitor.post("/", visiting.filled(topics[0])) for _ in range(2))
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert LinkRequest.objects.count() == 1
    config.current.cache_clear()


@pytest.mark.parametrize("fields", [{human.TRAP: "x"}, {human.OPENED: None}], ids=["trap", "haste"])
def test_a_machine_gets_the_same_page_and_nothing_else(
    fields: dict[str, str | None], topics: list[Topic], visitor: Client
) -> None:
    fields = {name: human.token() if value is None else value for name, value in fields.items()}
    person = visitor.post("/", visiting.filled(topics[0]))
    machine = visitor.post("/", visiting.filled(topics[0], address="ben@example.com", **fields))
    assert (machine.status_code, machine.content) == (200, person.content)
    assert LinkRequest.objects.count() == 1
    assert tallied() == 1


@pytest.mark.parametrize(
    "token",
    ["", "forged", ":1:x", visiting.opened(25 * 3_600), visiting.opened(60)[:-1]],
    ids=["missing", "forged", "unsigned", "old", "cut"],  # a token differs in each process of pytest
)
def test_a_form_that_is_too_old_comes_back_and_can_be_sent_at_once(
    token: str, topics: list[Topic], visitor: Client
) -> None:
    answer = visitor.post("/", visiting.filled(topics[1], **{human.OPENED: token}))
    assert answer.status_code == 422
    assert "open for too long" in answer.text
    assert not LinkRequest.objects.exists()
    shown = page(answer.text)
    assert shown.xpath("//input[@name='address']/@value") == ["ann@example.com"]
    assert shown.xpath("//input[@name='topics'][@checked]/@value") == [str(topics[1].id)]
    fresh = shown.xpath(f"string(//input[@name='{human.OPENED}']/@value)")
    assert visitor.post("/", visiting.filled(topics[1], **{human.OPENED: fresh})).status_code == 200
    assert LinkRequest.objects.count() == 1


def test_mistakes_are_told_where_they_are_and_what_was_typed_stays(
    topics: list[Topic], visitor: Client
) -> None:
    sent = visiting.filled(address="ann@example")
    answer = visitor.post("/", sent)
    assert answer.status_code == 422
    shown = page(answer.text)
    assert shown.findtext(".//title").startswith("Error: ")
    links = shown.xpath("//*[@role='alert']//a/@href")
    assert links == ["#address", "#topics"]
    assert all(shown.xpath(f"//*[@id='{one[1:]}']") for one in links)
    (field,) = shown.xpath("//input[@name='address']")
    assert (field.get("value"), field.get("aria-invalid")) == ("ann@example", "true")
    assert shown.xpath(f"//*[@id='{field.get('aria-describedby')}']")
    # Mending it may take less time than filling it in: the token is the one that was sent.
    assert shown.xpath(f"//input[@name='{human.OPENED}']/@value") == [sent[human.OPENED]]


@pytest.mark.parametrize("topic", ["0", "-1", "999999", "9" * 400, "x", "", "1 OR 1=1", "gone", *MISCHIEF.values()])  # fmt: skip
def test_topics_that_are_not_offered_are_refused(topic: str, topics: list[Topic], visitor: Client) -> None:
    wanted = str(Topic.objects.get(slug="gone").id) if topic == "gone" else topic
    answer = visitor.post("/", visiting.filled() | {"topics": [str(topics[0].id), wanted]})
    assert answer.status_code in {400, 422}
    assert not LinkRequest.objects.exists()


@pytest.mark.parametrize("field", ["address", "topics", human.TRAP, human.OPENED, "unknown"])
@pytest.mark.parametrize("text", MISCHIEF.values(), ids=MISCHIEF)
def test_mischief_in_any_field_is_refused_or_inert(
    field: str, text: str, topics: list[Topic], visitor: Client
) -> None:
    answer = visitor.post("/", visiting.filled(topics[0]) | {field: text})
    assert answer.status_code in {200, 400, 422}
    assert "<img" not in answer.text
    assert "49@example.com" not in answer.text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in answer.text
    for request in LinkRequest.objects.all():
        assert request.address in {"ann@example.com", "{{7*7}}@example.com"}
        assert field == "unknown" or request.address == "{{7*7}}@example.com"


def test_a_file_is_dropped(topics: list[Topic], visitor: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    content = visiting.filled(topics[0], extra=SimpleUploadedFile("x", b"x" * 1_000_000))
    assert visitor.post("/", content).status_code == 200
    assert LinkRequest.objects.count() == 1
    many = visiting.filled(topics[0]) | {f"f{number}": "x" for number in range(201)}
    assert visitor.post("/", many).status_code == 400


def test_an_address_in_the_query_is_no_field(topics: list[Topic], visitor: Client) -> None:
    query = f"/?address=ann@example.com&topics={topics[0].id}&{human.OPENED}={visiting.opened(60)}"
    assert "ann@example.com" not in visitor.get(query).text
    assert visitor.post(query).status_code == 422
    assert not LinkRequest.objects.exists()


def test_the_agency_speaks_and_nothing_is_made_up(topics: list[Topic], visitor: Client) -> None:
    bare = page(visitor.get("/").text).xpath("//footer")[0].text_content()
    assert "MaineCare Services" in bare
    assert "Questions?" not in bare
    assert "TTY" not in bare
    visiting.catalog(contact={"telephone": "1-866-555-0100", "email": "help@example.gov"})
    full = " ".join(page(visitor.get("/").text).xpath("//footer")[0].text_content().split())
    assert "1-866-555-0100 (TTY 711), help@example.gov" in full
    assert sign_up.WORDING_HASH
