"""Forms: what people typed, checked before a verb sees it. They read the body of a post, never a query string."""

from collections.abc import Collection

from django import forms
from django.http import QueryDict

from dispatcher.errors import BadAddress
from dispatcher.formats import address as addresses
from dispatcher.formats import keywords
from dispatcher.formats.keywords import Keyword


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
    """An address and at least one topic."""

    def __init__(self, posted: QueryDict, offered: Collection[int]) -> None:
        super().__init__(posted, offered)
        self.fields["topics"].required = True


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
    return {name: str(form.errors[name][0]) for name in ("address", "topics") if name in form.errors}


def typed(posted: QueryDict, name: str) -> str:
    """What stood in a field, to be shown again: without what cannot be seen or turns the reading direction."""
    return _seen(posted.get(name, ""))


def _lines(text: str) -> str:
    return "\n".join(map(_seen, text.splitlines()))


def _seen(text: str) -> str:
    return "".join(one for one in text if one.isprintable())
