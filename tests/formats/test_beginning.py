import pytest

from dispatcher.formats import beginning


def test_a_body_that_fits_stays_as_it_is():
    assert beginning.of("<p>a</p><p>b</p>", 1_000) == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    ("html", "begun"),
    [
        ("<p>one</p><p>two</p><p>three</p>", "<p>one</p><p>two</p>"),
        ("<p>one</p><ul><li>a</li><li>b</li><li>c</li><li>d</li></ul>", "<p>one</p>"),
        ("<ul><li>a</li><li>b</li><li>c</li></ul>", ""),
    ],
)
def test_whole_blocks_are_kept_while_they_fit(html, begun):
    assert beginning.of(html, 250) == (begun or "<p>abc…</p>")


def test_a_list_is_kept_in_part():
    items = "".join(f"<li>{number}</li>" for number in range(50))
    begun = beginning.of(f"<p>Before</p><ul>{items}</ul><p>After</p>", 2_000)
    assert begun.startswith("<p>Before</p><ul><li>0</li><li>1</li>")
    assert begun.endswith("</li></ul>")
    assert "After" not in begun


def test_of_one_block_that_is_too_large_the_first_words_are_kept():
    begun = beginning.of(f"<p>{'R&amp;D word ' * 1_000}</p><p>After</p>", 2_000)
    assert begun.startswith("<p>R&amp;D word R&amp;D")
    assert begun.endswith("…</p>")
    assert 500 < len(begun) < 2_000
