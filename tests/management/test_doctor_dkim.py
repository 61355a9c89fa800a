"""The doctor looks at DKIM keys: files, published records, and whose domain it is. A real name server answers, on loopback."""

from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dns.resolver import Resolver

from dispatcher import config
from dispatcher.config import Config
from dispatcher.delivery import signing
from dispatcher.management.doctor import dkim

NAME = "s1._domainkey.example.gov"


@pytest.fixture
def zone() -> dict[str, str]:
    """What is published."""
    return {}


@pytest.fixture
def resolver(zone: dict[str, str]) -> Iterator[Resolver]:
    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            data, line = self.request
            asked = dns.message.from_wire(data)
            answer = dns.message.make_response(asked)
            text = zone.get(asked.question[0].name.to_text(omit_final_dot=True))
            if text is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            else:
                strings = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
                answer.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", "TXT", strings))
            line.sendto(answer.to_wire(), self.client_address)

    with ThreadingUDPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        asking = Resolver(configure=False)
        asking.nameservers, asking.port = ["127.0.0.1"], server.server_address[1]
        yield asking
        server.shutdown()


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    private = Ed25519PrivateKey.generate()
    file = tmp_path / "s1.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return config.load({"DISPATCHER_DKIM_DOMAIN": "example.gov", "DISPATCHER_DKIM_KEYS": f"s1={file}"})


def record(settings: Config) -> str:
    signer = signing.signer(settings)
    assert signer is not None
    return signer.keys[0].record


def test_a_key_that_is_published_is_well(settings: Config, zone: dict[str, str], resolver: Resolver) -> None:
    zone[NAME] = record(settings).replace("p=", "t=s; p= ")
    (found,) = dkim.look(settings, "mail.example.gov", resolver)
    assert (found.level, found.what) == ("ok", f"{NAME} is published, ed25519-sha256")


def test_a_key_that_is_not_published_is_told_with_what_to_publish(
    settings: Config, resolver: Resolver
) -> None:
    (found,) = dkim.look(settings, "example.gov", resolver)
    assert found.level == "problem"
    assert f'{NAME} TXT "{record(settings)}"' in found.remedy


def test_another_key_under_its_name_is_a_problem(
    settings: Config, zone: dict[str, str], resolver: Resolver
) -> None:
    zone[NAME] = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    (found,) = dkim.look(settings, "example.gov", resolver)
    assert (found.level, "publishes another key" in found.what) == ("problem", True)


def test_a_name_server_out_of_reach_is_only_a_warning(settings: Config) -> None:
    nobody = Resolver(configure=False)
    nobody.nameservers, nobody.port = ["127.0.0.1"], 9
    (found,) = dkim.look(settings, "example.gov", nobody)
    assert found.level == "warning"


@pytest.mark.parametrize("sender", ["example.org", "notexample.gov", "gov"])
def test_a_domain_that_is_not_the_senders_is_a_problem(
    settings: Config, zone: dict[str, str], resolver: Resolver, sender: str
) -> None:
    zone[NAME] = record(settings)
    found = list(dkim.look(settings, sender, resolver))
    assert [one.level for one in found] == ["problem", "ok"]
    assert "DMARC" in found[0].what


def test_a_key_that_cannot_be_read_is_named() -> None:
    missing = config.load(
        {"DISPATCHER_DKIM_DOMAIN": "example.gov", "DISPATCHER_DKIM_KEYS": "s1=/nowhere/s1.pem"}
    )
    (found,) = dkim.look(missing, "example.gov")
    assert (found.level, "/nowhere/s1.pem" in found.what) == ("problem", True)


def test_who_signs_nothing_is_not_asked(resolver: Resolver) -> None:
    assert dkim.checks(config.load({}), "example.gov") == []
