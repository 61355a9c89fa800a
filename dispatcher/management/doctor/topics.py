"""topics.yaml and the sources it names: can it be read, is all of it confirmed, has each source ever answered."""

from collections.abc import Iterator

from dispatcher.config import Config
from dispatcher.management.commands import check
from dispatcher.management.doctor.findings import Finding, ok, problem, warning
from dispatcher.models import Catalog, Source


def file(config: Config) -> Iterator[Finding]:
    """What `check` says of the file, in one line for each kind: it tells the rest itself."""
    found = check.of_topics(config)
    mistakes = [one for one in found if one["level"] == "mistake"]
    warnings = [one for one in found if one["level"] == "warning"]
    remedy = "`dispatcher check` tells them all"
    if mistakes:
        yield problem("topics.yaml", _summary(mistakes, "mistakes"), remedy)
    if warnings:
        yield warning("topics.yaml", _summary(warnings, "warnings"), remedy)
    if not found:
        yield ok("topics.yaml", f"{config.topics} is fit to send by")


def _summary(found: list[check.Finding], kind: str) -> str:
    first = found[0]
    return f"{len(found)} {kind}, the first: {first['place']}: {first['problem']}"


def sources() -> Iterator[Finding]:
    """The sources as rows. One that answered once and fails now is for `status`."""
    if Catalog.latest() is None:
        yield warning("sources", "topics.yaml has not been loaded yet", "`dispatcher run --once` loads it")
        return
    polled = Source.objects.filter(enabled=True, dropped_at__isnull=True)
    silent = polled.filter(last_success_at__isnull=True)
    for one in silent:
        what = f"has never been read: {one.problem or 'not polled yet'}"
        yield warning(f"source {one.slug}", what, f"`dispatcher sources preview {one.slug}`")
    yield ok("sources", f"{polled.count() - len(silent)} have been read")
