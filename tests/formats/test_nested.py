"""Nested HTML is put in order without a parser, and comes out as the two parsers would have made it."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dispatcher.formats import html, nested
from dispatcher.formats.html import sanitise

BASE = "https://base.example/d/"

WORDS = ["words", " ", "\n ", "two ", "é–", "\xa0", "\u3000", "\u200b", "\U0001f600", "'\"", "--"]
REFERENCES = ["&amp;", "&lt;b&gt;", "&nbsp;", "&rsquo;", "&quot;", "&#8217;", "&#160;", "&#38;", "&#60;"]
ADDRESSES = ["https://a.example/x", "https:&#47;/a.example/"]
ATTRIBUTES = [
    "",
    "",
    " class=x",
    " style='a:b'",
    " face=\"x\"\nid='y'",
    " CLASS",
    " title=t",
    ' x="&quot;&lt;\'"',
    " width=100%",
]
LINKS = ["https://a.example/b?c=1&amp;d=2", "/x", "", "#top", "http://b.example:80/", "mailto:a@b.example", "javascript:x",
         "https://links-1.govdelivery.com/CL0/https:%2F%2Fa.example%2Fn/1/01/x", " https://a.example/~x/%20#y "]  # fmt: skip
VOID = ["<br>", "<br/>", "<BR clear=all />", "<img src=x>", '<img alt="&lt;" width=1 />']
PHRASES = ["b", "strong", "i", "EM", "span", "font", "u", "o:p"]
BLOCKS = ["p", "h1", "h2", "h3", "H5"]
BOXES = ["div", "section", "article", "header", "blockquote", "center"]

# What tells parsers apart, or has got script past one of them: the other side of what is written by the book.
ODD_WORDS = ["]]>", "\0", "\x0b", "\r", "\x85", "\ufffe", "\ud800", "&", "&copy", "&foo;", "&#2;", "&#150;", "&#xd;", "&lang;", "&#104;ttps://lnks.gd/l/x",
             "&#131071;", "https://lnks.gd/l/x", "https:&#47;/lnks.gd/l/x", "<", ">", "\U0001ffff", "&amp;lt;"]  # fmt: skip
ODD_MARKUP = ["<!-- c -->", "<!--", "-->", "<![CDATA[x]]>", "<script>x</script>", "<style><img></style>", "<svg><style><a title='</style><img src>'>", "<svg>",
              "</svg>", "<math><mtext><table><mglyph><style><!--</style>", "<math>", "<annotation-xml encoding='text/html'>", "<foreignObject>", "<desc>", "<template>",
              "</template>", "<noscript><p title='</noscript><b>'>", "<select><option>", "<textarea></textarea>", "<xmp><b></xmp>", "<pre>\nx</pre>", "<p",
              "<p/>", "</p>", "</br>", "<div>", "</div>", "<table>", "<tr>", "<td>", "<li>", "<ul>", "<b>", "</b>", "<a href='/y'>", "</a>", "<form><form>", "<dl><dt>",
              "<caption>c</caption>", "<col>", "<hr>", "<body onload=x>", "</body>", "<base href=//e.example>", "<iframe>", "<nobr>", "<image>", "<?x?>", "<!DOCTYPE html>", "<plaintext>"]  # fmt: skip
ODD_ATTRIBUTES = [" x=a/", " /x", " x = y", " =x", " x='a>b'", ' x="<"', ' "y"', " x='", " {y", " \xa0=y", " xmlns='urn:x'", " is=x", " lang=en", " x=a'b"]  # fmt: skip
ODD_LINKS = ["https://1.2.3.4.5/", "https://xn--a.example/", "https://a.example/é", "https://a.example/?a[]=1&b", "https://u@a.example/", "https://A.example/", "https://a.0x/",
             "java\nscript:x", "data:text/html,x", "https://lnks.gd/l/x", "&#106;avascript:x", "https://a.example:444/", "https://a.example/?'"]  # fmt: skip


def fragments(*, odd: bool) -> st.SearchStrategy[str]:
    """Nested as it should be; if `odd`, with some of what should not be there anywhere between."""
    texts = st.sampled_from(WORDS + REFERENCES + ADDRESSES + (ODD_WORDS if odd else []))
    attributes = st.sampled_from(ATTRIBUTES + (ODD_ATTRIBUTES if odd else []))
    space = st.sampled_from(["", " ", "\n\t"])

    def element(names: list[str], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.builds("<{0}{1}>{2}</{0}>".format, st.sampled_from(names), attributes, inside)

    def several(one: st.SearchStrategy[str], least: int = 0) -> st.SearchStrategy[str]:
        return st.lists(one, min_size=least, max_size=3).map("".join)

    void = st.sampled_from(VOID + (ODD_MARKUP if odd else []))
    link = st.sampled_from(LINKS + (ODD_LINKS if odd else []))
    title = st.sampled_from(["", " target=_blank", " title='Go there'"] + [" title='&amp;'"] * odd)
    plain = st.recursive(texts | void, lambda inside: element(PHRASES, several(inside)), max_leaves=4)
    linked = st.builds(
        '<a href="{}"{}>{}</a>'.format, link, title, several(st.recursive(plain, several) if odd else plain)
    )
    phrases = several(plain | linked)
    blocks = phrases | element(BLOCKS, phrases)

    def around(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        flow = several(inside)
        filled = flow if odd else flow.map("x{}".format)  # an empty item is left to the parsers
        items = several(element(["li"], filled) | space)
        rows = several(element(["tr"], several(element(["td", "th"], flow) | space)) | space)
        sections = several(element(["thead", "tbody", "tfoot"], rows) | rows)
        return element(BOXES, flow) | element(["ul", "ol"], items) | element(["table"], sections)

    return several(st.recursive(blocks, around, max_leaves=8))


@given(fragments(odd=True))
@settings(max_examples=400, deadline=None)
def test_the_short_way_leads_where_the_parsers_do(fragment: str) -> None:
    put_in_order = nested.in_order(fragment, lambda href: html.link(href, BASE))
    event(f"put in order: {put_in_order is not None}")
    assert sanitise(fragment, BASE) == html._reduced(fragment, BASE)


@given(fragments(odd=False))
@settings(max_examples=300, deadline=None)
def test_what_is_written_by_the_book_takes_the_short_way(fragment: str) -> None:
    put_in_order = nested.in_order(fragment, lambda href: html.link(href, BASE))
    assert put_in_order is not None
    assert html._without_empty(put_in_order) == html._reduced(fragment, BASE)


@pytest.mark.parametrize(
    ("fragment", "clean"),
    [
        ("words", "<p>words</p>"),
        ("<div>one<div> <b>two</b></div>three<img src=x></div>\n", "<p>one</p><p> <strong>two</strong></p><p>three</p>"),
        ("<p style='x'><span>a</span> &amp; &rsquo;\xa0</p>", "<p>a &amp; ’&nbsp;</p>"),
        ("<table><tr><td>a</td></tr><tfoot><tr><th>b<p>c</p></th></tr></tfoot></table>", "<table><tbody><tr><td>a</td></tr></tbody><tbody><tr><th>b<p>c</p></th></tr></tbody></table>"),
        ("<a HREF='/x?a=1&amp;b' href='/y' title=\"Go\">a <i>b</i></a>", '<p><a href="https://base.example/x?a=1&amp;b" title="Go">a <em>b</em></a></p>'),
        ("a<a href='javascript:x'>b</a><a href='/x'> <br>\xa0</a>", "<p>ab <br>&nbsp;</p>"),
        ("<ul><li><div>a</div>b<ol><li>c</li></ol></li></ul>", "<ul><li><p>a</p>b<ol><li>c</li></ol></li></ul>"),
        ("a https://a.example/ b", "<p>a https://a.example/ b</p>"),
    ],
)  # fmt: skip
def test_in_order(fragment: str, clean: str) -> None:
    put_in_order = nested.in_order(fragment, lambda href: html.link(href, BASE))
    assert put_in_order is not None
    assert html._without_empty(put_in_order) == clean == html._reduced(fragment, BASE)


@pytest.mark.parametrize(
    "fragment",
    ["<p>a", "a</p>", "<p>a</div>", "</div><div>", "<p><p>a</p></p>", "<b><p>a</p></b>", "<p/>a", "<a href='/x'/>a", "<p LANG=en>a</p>", "<a lang=en href='/x'>a</a>", "<ul>a</ul>", "<ul><li></li> <li>a</li></ul>", "<table>a</table>",
     "<a href='/x'>a<a href='/y'>b</a></a>", "<p>a<!-- b --></p>", "<script>a</script>", "<p x='a>b'>a</p>", "<p x='a<b'>a</p>", "<p x=a/>b</p>", "a < b", "a & b",
     "&#2;", "&copy b", "a\0b", "a\rb", "see https://lnks.gd/l/x", "<a href='https://1.2.3.4.5/'>a</a>", "<a href='/x' title='&lt;'>a</a>", "<span>" * 101 + "a" + "</span>" * 101],
)  # fmt: skip
def test_all_else_is_left_to_the_parsers(fragment: str) -> None:
    assert nested.in_order(fragment, lambda href: html.link(href, BASE)) is None
    assert sanitise(fragment, BASE) == html._reduced(fragment, BASE)
