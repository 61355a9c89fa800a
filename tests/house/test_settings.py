"""The page of settings says what `config` says, and has a line for each setting."""

from dataclasses import fields

from house.tree import ROOT

from dispatcher import config

PAGE = ROOT / "docs" / "settings.md"


def mute(page: str) -> list[str]:
    """Lines of settings without a default, or without a sentence that says what they do."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if "`DISPATCHER_" in line
    ]
    return [row[0] for row in rows if len(row) != 3 or not row[1] or not row[2].endswith((".", ")"))]


def test_the_page_of_settings_is_what_config_says() -> None:
    assert PAGE.read_text() == config.page(), "→ python -m dispatcher.config > docs/settings.md"


def test_every_setting_says_what_it_does() -> None:
    unlisted = [
        one.name for one in fields(config.Config) if f"| `{config.variable(one.name)}` |" not in config.page()
    ]
    assert not unlisted, f"{unlisted} → every field of Config is a line of the page"
    assert not mute(config.page()), (
        f"{mute(config.page())} → a default, or what stands for it, and one sentence"
    )


def test_a_setting_without_a_word_is_named() -> None:
    page = "| `DISPATCHER_A` | 1 | How many. |\n| `DISPATCHER_B` | 1 |  |\n| `DISPATCHER_C` |  | How many. |"
    assert mute(page) == ["`DISPATCHER_B`", "`DISPATCHER_C`"]
