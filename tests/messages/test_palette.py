"""Colours of every kind of message: readable as we paint it, in the dark, as Outlook.com darkens it, and inverted."""

import re

import cssselect
import pytest
from colours import contrast, rgb
from letters import EVERY, letter

ALL = pytest.mark.parametrize("name", EVERY)


def style(element):
    pairs = (one.partition(":") for one in element.get("style", "").split(";") if one.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def kept_rules(css):
    """Selector, declarations of each rule, in order of what wins."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", css)
    each = [
        (selector.strip(), style_of) for selectors, style_of in rules for selector in selectors.split(",")
    ]
    return sorted(each, key=lambda rule: cssselect.parse(rule[0])[0].specificity())


def painted(name, palette):
    """A letter as one kind of client paints it: light, dark, or Outlook.com's own dark."""
    page = letter(name).page
    (css,) = page.xpath("//style/text()")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    dark = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", css, re.DOTALL)[1]
    outlook = "".join(re.findall(r"^\[data-ogs[bc]\].*$", css, re.MULTILINE))
    rules = {"light": "", "dark": dark, "outlook": re.sub(r"\[data-ogs[bc]\] ", "", outlook)}[palette]
    for selector, declarations in kept_rules(rules):
        for element in page.cssselect(selector):
            element.set("style", f"{element.get('style', '')};{declarations.replace('!important', '')}")
    return page


def pairs(page):
    """Each element with words of its own, and the colours they are painted in: its own, or the nearest ones around it."""
    for element in page.find("body").iter():
        if not isinstance(element.tag, str) or not (
            (element.text or "").strip() or any((c.tail or "").strip() for c in element)
        ):
            continue
        around = [style(one) for one in (element, *element.iterancestors())]
        yield tuple(next(one[key] for one in around if key in one) for key in ("color", "background-color"))


@ALL
@pytest.mark.parametrize("palette", ["light", "dark", "outlook"])
def test_m9_words_are_readable_in_every_palette_and_inverted(name, palette):
    found = set(pairs(painted(name, palette)))
    assert len(found) >= 4
    for ink, paper in found:
        assert contrast(rgb(ink), rgb(paper)) >= 4.5, (ink, paper)
        inverted = [tuple(255 - one for one in rgb(colour)) for colour in (ink, paper)]
        assert contrast(*inverted) >= 4.5, (ink, paper, "inverted")


@ALL
def test_m9_no_element_sets_one_of_ink_and_paper_without_the_other_and_none_is_pure(name):
    found = letter(name)
    for element in found.page.iter():
        assert ("color" in style(element)) == ("background-color" in style(element)), element.get("class")
    assert not re.search(r"#(?:0{3}|0{6}|f{3}|f{6})\b", found.html.lower())


def test_m9_the_dark_rules_set_ink_and_paper_together():
    css = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", letter("plain").html, re.DOTALL)[1]
    for _, declarations in kept_rules(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        assert ("background-color:" in declarations) == bool(re.search(r"(?<![a-z-])color:", declarations))
