"""The doctor: a look at everything outside that could be wrong. A module an area; nothing is changed, nobody is mailed."""

from dataclasses import fields
from functools import partial

from dispatcher.config import Config
from dispatcher.management.doctor import broker, database, dkim, files, mail, names, pages, settings, topics
from dispatcher.management.doctor.findings import Check, Finding, together

_UNNAMED = next(one.metadata["default"] for one in fields(Config) if one.name == "redis_url")


def examine(config: Config) -> list[Finding]:
    """All that was looked at. What stands in rows is asked only of a database that answers and has them."""
    # PostgreSQL's client gives up after 5 s, and then says more than that nothing came.
    outside = together([Check("database", database.answers, seconds=8), *_outside(config)])
    first = [one for one in outside if one.where == "database"]
    rest = [one for one in outside if one.where != "database"]
    rows = together(_rows()) if any(one.level == "ok" for one in first) else []
    return [*first, *rows, *rest]


def _outside(config: Config) -> list[Check]:
    url = config.broker_url or config.redis_url
    return [
        *files.checks(config),
        Check("broker", partial(broker.look, url, named=url != _UNNAMED)),
        *mail.checks(config),
        *names.checks(config),
        *dkim.checks(config, names.of_sender(config)),
        Check("pages", partial(pages.look, config.public_url)),
        Check("topics.yaml", partial(topics.file, config)),
        Check("settings", partial(settings.look, config)),
    ]


def _rows() -> list[Check]:
    return [*database.checks(), Check("sources", topics.sources)]
