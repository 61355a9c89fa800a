"""The settings of this deployment: what `check` says of them, and who may be mailed as they stand."""

from collections.abc import Iterator

from dispatcher.config import Config
from dispatcher.management.commands import check
from dispatcher.management.doctor.findings import Finding, ok, problem, warning
from dispatcher.parsing import Send


def look(config: Config) -> Iterator[Finding]:
    """Names that are no settings, settings that do not fit together, and SEND."""
    for one in (*check.of_environment(), *check.of_settings(config)):
        make = problem if one["level"] == "mistake" else warning
        yield make(one["place"], one["problem"], one["remedy"])
    yield ok("DISPATCHER_SEND", _send(config.send))


def _send(send: Send) -> str:
    if send.off:
        return "off: nobody is mailed"
    return "on: everybody is mailed" if send.everybody else f"only {len(send.only)} addresses are mailed"
