"""The name of a copy is found wherever reports repeat it, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats import message_names

NONCE = "0123456789abcdef"


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(1, 10**17))
def test_a_name_is_found_again(nonce: str, delivery: int) -> None:
    text = f"References: <{message_names.of(nonce, delivery)}@example.gov>\nand '{message_names.of(nonce, delivery)}'"
    assert message_names.found_in(text) == {(nonce, delivery)}


@pytest.mark.parametrize(
    "text",
    [f"{NONCE}.0@x", f"{NONCE}.", f"0{NONCE}.5@x", f"{NONCE}.5.6@x", f"{NONCE.upper()}.5@x", f"v{NONCE}.5@x", f"{NONCE[:15]}.5@x"],
)  # fmt: skip
def test_what_only_looks_like_a_name_is_none(text: str) -> None:
    assert message_names.found_in(text) == set()


def test_whoever_writes_thousands_of_names_keeps_nobody_busy() -> None:
    assert len(message_names.found_in("".join(f"<{NONCE}.{n}@x>" for n in range(1, 5000)))) == 50


@pytest.mark.parametrize(
    "text",
    [
        f"References: <{NONCE}.4@x>\nMessage-ID: <{NONCE}.5@x>",
        f"MESSAGE-ID:\r\n <{NONCE}.5@x>\nIn-Reply-To: <{NONCE}.4@x>",
        f"X-Original-Message-ID: <{NONCE}.5@x>\nReferences: <{NONCE}.4@x>",
        f'{{"message-id": "{NONCE}.5@x", "references": "<{NONCE}.4@x>"}}',
        f'[{{"name": "Message-ID", "value": "<{NONCE}.5@x>"}}, {{"name": "References", "value": "<{NONCE}.4@x>"}}]',
    ],
)
def test_the_copy_itself_is_told_from_the_one_that_it_answers(text: str) -> None:
    assert message_names.own_in(text) == {(NONCE, 5)}
    assert message_names.found_in(text) == {(NONCE, 4), (NONCE, 5)}
