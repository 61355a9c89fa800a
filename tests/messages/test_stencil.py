import html
import re
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letters import read

from dispatcher.errors import BadInput, Unreadable
from dispatcher.messages.stencil import Choice, Encoding, Fixed, Slot, Stencil, cut, mark

TICKET = Slot("ticket", Encoding.LINK)
ADDRESS = {"text": Slot("address", Encoding.TEXT), "html": Slot("address", Encoding.HTML)}
WORDS = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_characters="\U0010fffa\U0010fffb"),
        st.sampled_from(" .=\té中😀\n"),
    ),
    max_size=160,
)
PIECES = st.lists(
    st.one_of(WORDS, st.sampled_from([mark("ticket"), mark("address"), mark("reasons")])), max_size=12
)
ADDRESSES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=254)
TICKETS = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,69}", fullmatch=True)
KEYS = st.lists(st.sampled_from("abc"), max_size=4).map(tuple)


def unbroken(text):
    """One sign for every kind of line break: mail knows no other."""
    return re.sub(r"\r\n|\r|\n", "\n", text)


def segments(part, text, fragments):
    slots = {"ticket": TICKET, "address": ADDRESS[part]}
    choice = Choice("reasons", {key: cut(one, slots, counted(one)) for key, one in fragments.items()})
    return cut(text, {**slots, "reasons": choice}, counted(text))


def counted(text):
    return {name: text.count(mark(name)) for name in ("ticket", "address", "reasons") if mark(name) in text}


def message(text, page, fragments):
    head = b'To: someone@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="=_b"\r\n\r\n'
    kind = b"--=_b\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return Stencil(
        [
            Fixed(head + kind % b"plain"),
            *segments("text", text, fragments),
            Fixed(b"\r\n" + kind % b"html"),
            *segments("html", page, fragments),
            Fixed(b"\r\n--=_b--\r\n"),
        ]
    )


def whole(text, fragments, values, keys, *, escaped):
    """The part as it would be if it were written for this person alone."""
    text = text.replace(mark("reasons"), "".join(fragments[key] for key in keys))
    text = text.replace(mark("address"), html.escape(values["address"]) if escaped else values["address"])
    return unbroken(text.replace(mark("ticket"), values["ticket"]))


def built_the_slow_way(text, page):
    mail = EmailMessage(policy=SMTP)
    mail["To"] = "someone@example.com"
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    return read(mail.as_bytes())


@settings(max_examples=100)
@given(PIECES, PIECES, st.fixed_dictionaries(dict.fromkeys("abc", PIECES)), ADDRESSES, TICKETS, KEYS)
def test_a_splice_says_what_a_message_written_for_the_person_says(
    text, page, fragments, address, ticket, keys
):
    text, page = "".join(text), "".join(page)
    fragments = {key: "".join(one).replace(mark("reasons"), "") for key, one in fragments.items()}
    values = {"address": address, "ticket": ticket}
    raw = message(text, page, fragments).splice(values, {"reasons": keys})
    spliced = read(raw)
    wanted_text = whole(text, fragments, values, keys, escaped=False)
    wanted_page = whole(page, fragments, values, keys, escaped=True)
    assert unbroken(spliced.text) == wanted_text
    assert unbroken(spliced.html) == wanted_page
    slow = built_the_slow_way(wanted_text, wanted_page)
    # set_content ends its text in a line break, whatever it was given.
    assert unbroken(slow.text).removesuffix("\n") == wanted_text.removesuffix("\n")
    assert unbroken(slow.html).removesuffix("\n") == wanted_page.removesuffix("\n")
    within_limits(raw)


def within_limits(raw):
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith(b".")


def test_nobody_finds_anything_of_somebody_else_in_a_copy():
    stencil = message(
        f"to {mark('address')} {mark('reasons')}",
        f"<p>{mark('ticket')}</p>",
        {key: f"{key}: {mark('ticket')}" for key in "abc"},
    )
    people = {f"p{n}x@example.com": f"T{n}x" for n in range(300)}
    for at, (address, ticket) in enumerate(people.items()):
        copy = stencil.splice({"address": address, "ticket": ticket}, {"reasons": ("a", "b", "c")[: at % 4]})
        assert set(re.findall(rb"p\d+x@example\.com", copy)) == {address.encode()}
        assert set(re.findall(rb"T\d+x", copy)) == {ticket.encode()}


def test_a_stored_stencil_splices_the_same_bytes():
    stencil = message(
        f"é {mark('address')} {mark('reasons')}",
        mark("ticket"),
        {"a": f"x{mark('ticket')}", "b": "", "c": "y"},
    )
    stored = Stencil.loads(stencil.dumps())
    values = {"address": "o'neil@example.com", "ticket": "T1"}
    assert stored.segments == stencil.segments
    assert stored.dumps() == stencil.dumps()
    for keys in [(), ("c", "a"), ("a", "b", "c")]:
        assert stored.splice(values, {"reasons": keys}) == stencil.splice(values, {"reasons": keys})


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{}",
        b"null",
        b'{"version":2,"segments":[]}',
        b'{"version":1,"segments":[7]}',
        b'{"version":1,"segments":[["a","b"]]}',
        b"\xff",
    ],
)
def test_what_is_no_stencil_of_ours_is_not_read(stored):
    with pytest.raises(Unreadable):
        Stencil.loads(stored)


def test_the_keys_of_a_choice_keep_the_order_of_composing():
    stencil = Stencil([Choice("reasons", {"9": (), "10": (), "1": ()})])
    assert Stencil.loads(stencil.dumps()).keys("reasons") == ("9", "10", "1")
    assert stencil.keys("other") == ()


def test_more_sets_of_choices_than_are_kept_still_splice_right():
    stencil = Stencil([Choice("reasons", {str(n): (Fixed(b"%d," % n),) for n in range(1500)})])
    for n in [*range(1500), 0]:
        assert stencil.splice({}, {"reasons": (str(n),)}) == b"%d," % n


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{mark('ticket')}", {"ticket": 2}),
        (f"{mark('ticket')}{mark('ticket')}", {"ticket": 1}),
        ("", {"ticket": 1}),
        (f"{mark('ticket')}", {}),
        (f"{mark('other')}", {"other": 1}),
        (f"{mark('ticket')} \U0010fffa", {"ticket": 1}),
        (f"{mark('ticket')} \U0010fffb", {"ticket": 1}),
        (f"\U0010fffa{mark('ticket')}\U0010fffb", {"ticket": 1}),
        ("\U0010fffaTICKET\U0010fffb", {}),
    ],
)
def test_slots_that_are_not_found_exactly_as_often_as_expected_are_refused(text, expected):
    with pytest.raises(BadInput, match="slots found"):
        cut(text, {"ticket": TICKET}, expected)


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        (Encoding.HEADER, "a@example.com\r\nBcc: b@example.com"),
        (Encoding.HEADER, "jäne@example.com"),
        (Encoding.HEADER, ""),
        (Encoding.HEADER, "a b"),
        (Encoding.LINK, "a/b"),
        (Encoding.LINK, ".a"),
        (Encoding.LINK, "a=b"),
        (Encoding.LINK, "a\n"),
        (Encoding.LINK, "a" * 71),
        (Encoding.LINK, ""),
        (Encoding.TEXT, "a\nb"),
        (Encoding.TEXT, "a\x00"),
        (Encoding.HTML, "a\x7f"),
        (Encoding.HTML, ""),
    ],
)
def test_a_value_that_could_break_out_of_its_place_is_refused(encoding, value):
    with pytest.raises(BadInput):
        Stencil([Slot("one", encoding)]).splice({"one": value}, {})


@pytest.mark.parametrize(
    ("values", "choices"),
    [({}, {"reasons": ()}), ({"ticket": "T"}, {}), ({"ticket": "T"}, {"reasons": ("unknown",)})],
)
def test_a_missing_value_or_an_unknown_fragment_is_refused(values, choices):
    stencil = Stencil([TICKET, Choice("reasons", {"a": ()})])
    with pytest.raises(BadInput, match="nothing to put in"):
        stencil.splice(values, choices)


@pytest.mark.parametrize(
    "segments",
    [
        [Fixed(b".begins\r\n")],
        [Fixed(b"Subject: x\r\n\r\none\r\n.two\r\n")],
        [Choice("reason", {"1": (Fixed(b"first\r\n.second\r\n"),)})],
    ],
)
def test_a_line_that_begins_with_a_dot_is_refused_because_nobody_looks_for_one_later(segments):
    with pytest.raises(BadInput, match="begins with a dot"):
        Stencil(segments)
