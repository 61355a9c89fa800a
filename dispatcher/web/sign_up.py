"""Sign-up: an address and topics make a request, and the same page answers everybody. Who has that address already, nobody learns."""

import hashlib
from collections.abc import Collection, Mapping, Sequence

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from dispatcher.models import Cadence, LinkKind, Tally, Topic
from dispatcher.models.link_request import LIVES
from dispatcher.web import asking, choices, human
from dispatcher.web.choices import Preset
from dispatcher.web.forms import SignUpForm, mistakes, typed
from dispatcher.web.human import Filler
from dispatcher.web.pages import page

# What people agree to, as the page shows it; its hash is kept with every request.
WORDING = (
    "You ask for an e-mail at this address when there is something new about the topics you tick: at once, or gathered once a day or once a week, as you choose.",
    "We first send one message with a link. Nothing else comes until the link is used to confirm that the address is yours.",
    "There is no password. Every message has links to stop one topic or everything, at once.",
    "We do not track whether you open a message or which links you follow.",
    "Lists of subscribers may be public records, which others may ask the agency to see.",
)
WORDING_HASH = hashlib.sha256("\n".join(WORDING).encode()).hexdigest()


@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """The form, and what it is posted to."""
    topics = choices.offered()
    if not topics:
        return page("sign_up_closed", status=503)
    if request.method != "POST":
        return _begun(topics, request.GET.get("for", ""))
    filler = human.filler(request.POST)
    form = SignUpForm(request.POST, [one.id for one in topics])
    # Mistakes first: a person who sends an empty form at once must be told.
    if filler is Filler.UNKNOWN or not form.is_valid():
        return _again(topics, request.POST, human.notes(filler) | mistakes(form), filler)
    if filler is Filler.MACHINE:
        Tally.add(human.TURNED_AWAY)
        return _sent()
    wanted = tuple(form.cleaned_data["topics"])
    address, cadence = form.cleaned_data["address"], form.cleaned_data["cadence"]
    asking.ask(request, LinkKind.CONFIRM, address, wanted, WORDING_HASH, cadence)
    return _sent()


def _begun(topics: Sequence[Topic], kind: str) -> HttpResponse:
    """The empty form, or with the ticks of a preset: a choice to begin with, by a plain link."""
    chosen = next((one for one in choices.presets() if one.slug == kind), None)
    ticked = {one.id for one in topics if chosen and one.slug in chosen.topics}
    return _form(topics, human.token(), ticked=ticked, chosen=chosen)


def _again(
    topics: Sequence[Topic], posted: QueryDict, wrong: Mapping[str, str], filler: Filler
) -> HttpResponse:
    """The form as it was filled in."""
    ticked = {one.id for one in topics if str(one.id) in posted.getlist("topics")}
    token, cadence = human.token_again(posted, filler), posted.get("cadence", "")
    return _form(topics, token, typed(posted, "address"), ticked, wrong, cadence=cadence)


def _form(
    topics: Sequence[Topic],
    token: str,
    address: str = "",
    ticked: Collection[int] = (),
    wrong: Mapping[str, str] | None = None,
    *,
    chosen: Preset | None = None,
    cadence: str = "",
) -> HttpResponse:
    return page(
        "sign_up",
        status=422 if wrong else 200,
        presets=choices.presets(),
        chosen=chosen,
        lists=list(dict.fromkeys(one.category for one in topics if one.group)),
        categories=choices.by_category(topics, ticked, {}),
        cadences=choices.CADENCES,
        cadence=cadence if cadence in choices.CADENCES else Cadence.IMMEDIATE.value,
        address=address,
        wrong=wrong or {},
        wording=WORDING,
        guards=human.guards(token),
    )


def _sent() -> HttpResponse:
    """The same bytes for everybody."""
    return page("sign_up_sent", hours=int(LIVES[LinkKind.CONFIRM].total_seconds() // 3600))
