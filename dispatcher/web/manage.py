"""See and change one's own topics: an address brings a link by mail, the link opens the page. Without the link nothing is shown."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from dispatcher.formats import keywords
from dispatcher.formats.tickets import Purpose
from dispatcher.models import LinkKind, Tally
from dispatcher.models.link_request import LIVES
from dispatcher.subscribers import preferences
from dispatcher.subscribers.preferences import Change, Person
from dispatcher.web import asking, choices, human, links
from dispatcher.web.forms import AddressForm, CadencesForm, TopicsForm, WordsForm, mistakes, typed
from dispatcher.web.human import Filler
from dispatcher.web.pages import page

_PLAIN = "plain-text"
_NO_BUTTON = "Press Save or Stop all messages. Nothing has been changed."


class Act(StrEnum):
    """The button that was pressed, by the value it sends."""

    SAVE = "save"
    STOP = "stop"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the link. The answer is the same whoever has that address."""
    if request.method != "POST":
        return _form(human.token())
    filler = human.filler(request.POST)
    form = AddressForm(request.POST)
    if filler is Filler.UNKNOWN or not form.is_valid():
        wrong = human.notes(filler) | mistakes(form)
        return _form(human.token_again(request.POST, filler), typed(request.POST, "address"), wrong)
    if filler is Filler.MACHINE:
        Tally.add(human.TURNED_AWAY)
        return _sent()
    asking.ask(request, LinkKind.MANAGE, form.cleaned_data["address"])
    return _sent()


@links.private
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, ticket: str) -> HttpResponse:
    """What one gets, and the post of its two buttons: keep what is ticked, or nothing."""
    delivery_id = links.delivery(Purpose.MANAGE, ticket)
    person = preferences.of_link(delivery_id)
    if person is None:
        return page("manage_expired", status=410)
    if request.method != "POST":
        return _shown(person)
    wanted, wrong = _wanted(request.POST, person)
    words, cadences = WordsForm(request.POST, person.live), CadencesForm(request.POST, person.live)
    stopping = request.POST.get("act") == Act.STOP
    mistaken = words.wrong | cadences.wrong
    if wrong or (mistaken and not stopping):
        return _shown(person, wrong=wrong | mistaken, typed=words.given)
    plain = None if stopping else _PLAIN in request.POST
    changed = preferences.change(
        person.id, wanted, delivery_id, words.words, cadences.chosen, plain_text=plain
    )
    return _shown(preferences.of_link(delivery_id) or person, changed)


def _form(token: str, address: str = "", wrong: Mapping[str, str] | None = None) -> HttpResponse:
    status = 422 if wrong else 200
    return page("manage_ask", status=status, address=address, wrong=wrong or {}, guards=human.guards(token))


def _sent() -> HttpResponse:
    """The same bytes for everybody."""
    return page("manage_sent", hours=int(LIVES[LinkKind.MANAGE].total_seconds() // 3600))


def _wanted(posted: QueryDict, person: Person) -> tuple[Collection[int], dict[str, str]]:
    """The topics to have from now on, and what is wrong with the post. Stopping is never refused over a tick."""
    act = posted.get("act")
    if act == Act.STOP:
        return (), {}
    if act != Act.SAVE:  # an empty post has no ticks either, and would end everything
        return (), {"form": _NO_BUTTON}
    form = TopicsForm(posted, [one.id for one in choices.offered(person.live)])
    return (form.cleaned_data["topics"], {}) if form.is_valid() else ((), mistakes(form))


def _shown(
    person: Person,
    changed: Change | None = None,
    wrong: dict[str, str] | None = None,
    typed: Mapping[int, str] | None = None,
) -> HttpResponse:
    """`typed`: what stood in the fields of words, where something is wrong with them."""
    topics = choices.offered(person.live)
    words = {topic: "\n".join(person.words.get(topic, ())) for topic in person.live} | dict(typed or {})
    return page(
        "manage",
        status=422 if wrong else 200,
        person=person,
        categories=choices.by_category(topics, person.live, person.live, words),
        changed=changed,
        cadences=choices.CADENCES,
        plain=_PLAIN,
        most_words=keywords.MOST,
        wrong=wrong or {},
    )
