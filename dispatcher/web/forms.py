"""Forms: what people typed, checked before a verb sees it. They read the body of a post, never a query string."""

from collections.abc import Collection

from django import forms
from django.http import QueryDict

from dispatcher.errors import BadAddress
from dispatcher.formats import address as addresses
from dispatcher.formats import keywords
from dispatcher.formats.keywords import Keyword
from dispatcher.models import Cadence

_HOW_OFTEN = "Choose how often you want to hear of it."


class AddressForm(forms.Form):
    """An address."""

    address = forms.CharField(error_messages={"required": "Enter your e-mail address."})

    def clean_address(self) -> str:
        """As we shall mail it."""
        try:
            return addresses.parse(self.cleaned_data["address"])
        except BadAddress:
            raise forms.ValidationError("Enter an e-mail address such as name@example.com.") from None


class TopicsForm(forms.Form):
    """Ticks; none of them is fine."""

    topics = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        error_messages={
            "required": "Tick at least one topic.",
            "invalid_choice": "One of these topics is not offered any more. Look through your choice again.",
        },
    )

    def __init__(self, posted: QueryDict, offered: Collection[int]) -> None:
        super().__init__(posted)
        self.fields["topics"].choices = [(one, one) for one in offered]  # type: ignore[attr-defined]  # the stubs know only Field


class SignUpForm(AddressForm, TopicsForm):
    """An address, at least one topic, and how often; a post that does not say how often means at once."""

    cadence = forms.TypedChoiceField(
        choices=Cadence.choices,
        required=False,
        empty_value=Cadence.IMMEDIATE.value,
        error_messages={"invalid_choice": _HOW_OFTEN},
    )

    def __init__(self, posted: QueryDict, offered: Collection[int]) -> None:
        super().__init__(posted, offered)
        self.fields["topics"].required = True


class CadencesForm:
    """How often each followed topic is to come. `chosen`: by topic; `wrong`: by the name of its field."""

    def __init__(self, posted: QueryDict, followed: Collection[int]) -> None:
        given = {topic: posted.get(f"cadence-{topic}", "") for topic in followed}
        self.chosen = {topic: one for topic, one in given.items() if one in Cadence.values}
        unknown = [topic for topic, one in given.items() if one and one not in Cadence.values]
        self.wrong = {f"cadence-{topic}": _HOW_OFTEN for topic in unknown}


class WordsForm:
    """The words to which each followed topic is narrowed. `given`: what was typed, by topic; `wrong`: by the name of its field."""

    def __init__(self, posted: QueryDict, followed: Collection[int]) -> None:
        names = {topic: f"words-{topic}" for topic in followed}
        self.given = {topic: _lines(str(posted[name])) for topic, name in names.items() if name in posted}
        self.words: dict[int, tuple[Keyword, ...]] = {}
        self.wrong: dict[str, str] = {}
        for topic, text in self.given.items():
            try:
                self.words[topic] = keywords.parse(text)
            except ValueError as wrong:
                self.wrong[names[topic]] = str(wrong)


def mistakes(form: forms.Form) -> dict[str, str]:
    """The first thing that is wrong with each field, in the order of the page."""
    return {
        name: str(form.errors[name][0]) for name in ("address", "topics", "cadence") if name in form.errors
    }


def typed(posted: QueryDict, name: str) -> str:
    """What stood in a field, to be shown again: without what cannot be seen or turns the reading direction."""
    return _seen(posted.get(name, ""))


def _lines(text: str) -> str:
    return "\n".join(map(_seen, text.splitlines()))


def _seen(text: str) -> str:
    return "".join(one for one in text if one.isprintable())
