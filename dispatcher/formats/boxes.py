"""Boxes: paragraphs, links and loose words of HTML that we did not write, each put where an allow-list of plain elements keeps it.

Works on parsed nodes and knows only how elements are laid out; what may stand in one is for `html` to say.
"""

from lxml import etree

from dispatcher.formats.runs import BLOCKS

Node = etree._Element  # noqa: SLF001 -- lxml has no public name for it

UNWRAPPED = "unwrapped"  # of an element that will lose its tag


def take_out_blocks(around: Node) -> None:
    """A paragraph that holds blocks is a box; a link or emphasis around blocks belongs into each of them."""
    inner = [node for node in around.iterdescendants() if node.tag in BLOCKS]
    if not inner:
        return
    if around.tag == "p":
        around.tag = "div"
        return
    for block in inner:
        if not any(node.tag in BLOCKS for node in block.iterdescendants()):
            within = block.makeelement(around.tag, _attributes(around))
            within.text, block.text = block.text, None
            within.extend(list(block))
            block.append(within)
    _unwrap(around)


def _unwrap(node: Node) -> None:
    """What it holds takes its place."""
    node.tag, around = UNWRAPPED, node.getparent()
    if around is not None:
        etree.strip_tags(around, UNWRAPPED)


def _attributes(node: Node) -> dict[str, str]:
    """Those that we pass on. The parser lets one be called `{href`, which cannot be named, not even to be copied."""
    return {name: value for name in ("href", "title") if (value := node.get(name)) is not None}


def wrap_loose_words(box: Node) -> None:
    """What stands in a box beside its paragraphs becomes paragraphs too."""
    if _is_blank(box.text) and all(child.tag in BLOCKS and _is_blank(child.tail) for child in box):
        _drop_blanks(box)
        return
    run = None
    if box.text:
        run = _paragraph(box, box.text)
        box.text = None
        box.insert(0, run)
    for child in list(box)[run is not None :]:
        if child.tag in BLOCKS:
            run = _words_behind(child)
            continue
        if run is None:
            run = box.makeelement("p")
            child.addprevious(run)
        run.append(child)


def _words_behind(block: Node) -> Node | None:
    if not block.tail:
        return None
    run = _paragraph(block, block.tail)
    block.tail = None
    block.addnext(run)
    return run


def _paragraph(beside: Node, words: str) -> Node:
    run = beside.makeelement("p")
    run.text = words
    return run


def _is_blank(text: str | None) -> bool:
    return not text or text.isspace()


def _drop_blanks(box: Node) -> None:
    if box.text:
        box.text = None
    for child in box:
        if child.tail:
            child.tail = None
