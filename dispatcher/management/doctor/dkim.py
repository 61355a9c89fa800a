"""The DKIM keys: can they be read, are their public halves published, and is the domain the sender's. Asks name servers, changes nothing."""

from collections.abc import Iterator
from functools import partial

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from dispatcher.config import Config
from dispatcher.delivery import signing
from dispatcher.delivery.dkim import Key, Signer
from dispatcher.errors import BadSetting
from dispatcher.management.doctor.findings import Check, Finding, ok, problem, warning

_SECONDS = 3  # for one record
_WHERE = "DKIM"


def checks(config: Config, sender_domain: str) -> list[Check]:
    """None where signing is left to the relay."""
    if not config.dkim_domain and not config.dkim_keys:
        return []
    seconds = _SECONDS * (len(config.dkim_keys) + 1)
    return [Check(_WHERE, partial(look, config, sender_domain), seconds)]


def look(config: Config, sender_domain: str, resolver: Resolver | None = None) -> Iterator[Finding]:
    """Whether receivers will find our signatures good, and count them as the sender's."""
    try:
        signer = signing.signer(config)
    except BadSetting as wrong:
        yield problem(_WHERE, wrong.problem, wrong.remedy)
        return
    if signer is None:
        return
    yield from _aligned(signer.domain, sender_domain)
    for key in signer.keys:
        yield _published(signer, key, resolver or Resolver())


def _aligned(domain: str, sender_domain: str) -> Iterator[Finding]:
    if sender_domain and not f".{sender_domain}".endswith(f".{domain}"):
        what = f"mail from {sender_domain} is signed by {domain}: DMARC does not count that"
        yield problem(_WHERE, what, "DISPATCHER_DKIM_DOMAIN: the sender's domain, or the one above it")


def _published(signer: Signer, key: Key, resolver: Resolver) -> Finding:
    name = f"{key.selector}._domainkey.{signer.domain}"
    publish = f'publish {name} TXT "{key.record}"'
    try:
        answer = resolver.resolve(name, "TXT", lifetime=_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return problem(_WHERE, f"{name} is not published: every signature fails", publish)
    except DNSException as away:
        return warning(_WHERE, f"{name} cannot be asked for: {away}", "is a name server within reach?")
    records = [b"".join(record.strings).decode("ascii", "replace") for record in answer]
    if key.published not in [_tags(one).get("p") for one in records]:
        return problem(_WHERE, f"{name} publishes another key: every signature fails", publish)
    return ok(_WHERE, f"{name} is published, {key.algorithm}")


def _tags(record: str) -> dict[str, str]:
    pairs = (tag.partition("=") for tag in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}
