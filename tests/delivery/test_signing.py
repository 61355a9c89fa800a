"""Signing: every copy of a deployment with keys is signed, the same at each attempt; without its key nothing leaves."""

from collections.abc import Callable
from pathlib import Path

import dkim as judge
import pytest
from acts import On
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from relay import Smtpd
from sending import PEOPLE, due_again, owe, run, states

from dispatcher import config
from dispatcher.delivery import signing
from dispatcher.errors import BadSetting
from dispatcher.parsing import DkimKey


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, object]:
    """Settings of a deployment that signs."""
    private = Ed25519PrivateKey.generate()
    file = tmp_path / "s1.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {"dkim_domain": "example.gov", "dkim_keys": (DkimKey("s1", file),)}


def published(keys: dict[str, object]) -> Callable[..., bytes]:
    signer = signing._signer(keys["dkim_domain"], keys["dkim_keys"])
    return lambda name, timeout=0: signer.keys[0].record.encode()  # noqa: ARG005 -- dkimpy asks so


def test_every_copy_is_signed_and_a_second_one_has_the_same_bytes(db: str, keys: dict[str, object]) -> None:
    owe(*PEOPLE[:3])
    with Smtpd(script=[On("content", drop=True, store=True, nth=1)]) as relay:
        run(relay, **keys)
        due_again()
        run(relay, **keys)
    assert states() == {"accepted": 3}
    assert len(relay.messages) == 4
    assert len({one.content for one in relay.messages}) == 3
    assert all(judge.DKIM(one.content).verify(dnsfunc=published(keys)) for one in relay.messages)


def test_without_its_key_nothing_leaves_and_nothing_is_lost(db: str, keys: dict[str, object]) -> None:
    owe(*PEOPLE[:3])
    missing = keys | {"dkim_keys": (DkimKey("s1", Path("/nowhere/s1.pem")),)}
    with Smtpd() as relay:
        done = run(relay, **missing)
    assert "/nowhere/s1.pem" in done.stopped
    assert states() == {"pending": 3}
    assert not relay.messages


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DISPATCHER_DKIM_DOMAIN": "example.gov"}, "DISPATCHER_DKIM_KEYS"),
        ({"DISPATCHER_DKIM_KEYS": "s1=/etc/s1.pem"}, "DISPATCHER_DKIM_DOMAIN"),
        ({"DISPATCHER_DKIM_DOMAIN": "example.gov", "DISPATCHER_DKIM_KEYS": "s1=/dev/null"}, "/dev/null"),
    ],
)
def test_half_a_setting_is_told(given: dict[str, str], told: str) -> None:
    assert told in signing.unfit(config.load(given))
    with pytest.raises(BadSetting):
        signing.signer(config.load(given))


@pytest.mark.parametrize("value", ["s1", "=/etc/s1.pem", "s1=", "S 1=/a", "s1=/a s1=/b"])
def test_keys_that_cannot_be_meant_stop_the_start(value: str) -> None:
    with pytest.raises(BadSetting, match="DKIM_KEYS"):
        config.load({"DISPATCHER_DKIM_KEYS": value})


def test_who_names_no_key_leaves_it_to_the_relay() -> None:
    assert signing.signer(config.load({})) is None
    assert signing.unfit(config.load({})) == ""
