import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import day, record

from dispatcher.sources.identity import Identity, canonical, identify, identify_all, lifecycle

PAGE = "https://www.maine.gov/dhhs/oms/providers"


class TestCanonical:
    @pytest.mark.parametrize(
        "url",
        [
            "https://www.maine.gov/dhhs/news/A-b",
            "http://maine.gov/dhhs/news/A-b/",
            "HTTPS://WWW1.Maine.gov:443/dhhs/news/A-b#part",
            "http://www11.maine.gov/dhhs/news/A-b?utm_source=x&utm_medium=y",
            "https://links.govdelivery.com/track?enid=x&&&1&&&http://www.maine.gov/dhhs/news/A-b",
            " https://user@www.maine.gov/dhhs/news/A-b ",
        ],
    )
    def test_one_page_has_one_spelling(self, url):
        assert canonical(url) == "https://www.maine.gov/dhhs/news/A-b"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("https://www.maine.gov/dhhs/x-2023-06-29", "https://www.maine.gov/dhhs/x-2023-06-29-0"),
            ("https://a.example/Path", "https://a.example/path"),
            ("https://a.example/?a=1&b=2", "https://a.example/?a=1"),
            ("https://a.example/x", "https://b.example/x"),
        ],
    )
    def test_two_pages_stay_two(self, one, other):
        assert canonical(one) != canonical(other)

    @pytest.mark.parametrize("url", ["", "nonsense", "http://[", "mailto:a@b.example"])
    def test_what_is_no_address_stays_as_it_is(self, url):
        assert canonical(url) == url

    @given(
        st.from_regex(
            r"https?://[a-z]{1,5}\.example(:80)?(/[A-Za-z0-9 %-]{0,8}){0,3}/?(\?[a-z=&_]{0,10})?(#x)?",
            fullmatch=True,
        )
    )
    @settings(max_examples=100)
    def test_canonical_is_final(self, url):
        assert canonical(canonical(url)) == canonical(url)


@pytest.mark.parametrize(
    ("kind", "link", "guid", "value"),
    [
        ("feed", "http://maine.gov/tools/whatsnew/index.php?topic=A+b_c&id=1288601&v=article", "", "whatsnew:1288601"),
        ("feed", "https://www11.maine.gov/tools/whatsnew/index.php?id=1288601", "g", "whatsnew:1288601"),
        ("feed", "http://content.govdelivery.com/accounts/MEHHS/bulletins/3913E5A", "", "govdelivery:3913e5a"),
        ("feed", "https://content.govdelivery.com/accounts/MEHHS/bulletins/3913e5a?reqfrom=share", "", "govdelivery:3913e5a"),
        ("page", f"{PAGE}/provider-bulletins/rates-2023-06-29-0", "", "notice:/dhhs/oms/providers/provider-bulletins/rates-2023-06-29-0"),
        ("feed", "https://maine.gov/dhhs/about/rulemaking/adoption-chapter-ii-10/", "", "notice:/dhhs/about/rulemaking/adoption-chapter-ii-10"),
        ("feed", "https://www.maine.gov/dhhs/news/x-tue-03072023-1200", "", "notice:/dhhs/news/x-tue-03072023-1200"),
        ("feed", "https://www.federalregister.gov/documents/2024/01/02/2023-28761/medicaid-program", "g", "register:2023-28761"),
        ("youtube", "https://www.youtube.com/watch?v=a-B_1&t=3s", "yt:video:a-B_1", "youtube:a-B_1"),
        ("youtube", "https://youtube.com/shorts/a-B_1", "yt:video:a-B_1", "youtube:a-B_1"),
        ("feed", "https://youtu.be/a-B_1", "", "youtube:a-B_1"),
        ("youtube", "", "yt:video:a-B_1", "youtube:a-B_1"),
        ("feed", "https://www.maine.gov/dhhs/about/rulemaking", "tag:1", "guid:tag:1"),
        ("feed", "https://other.example/x/", "", "link:https://other.example/x"),
        ("feed", "https://other.example/x.pdf", "", "link:https://other.example/x.pdf"),
        ("page", "https://other.example/x", "", "link:https://other.example/x"),
    ],
)  # fmt: skip
def test_the_shape_of_the_link_tells_what_names_the_item(kind, link, guid, value):
    identity = identify(kind, record(link=link, guid=guid), PAGE)
    assert (identity.value, identity.kind, identity.revision) == (value, value.partition(":")[0], "")


class TestListPages:
    FILE = "https://www.maine.gov/sites/files/overview.pdf"

    @pytest.mark.parametrize(
        "title",
        [
            "340B Overview",
            "340B  overview - January 29, 2024",
            "340B Overview \u2013 January 29 2024",
            "340B Overview (1/29/2024)",
        ],
    )
    def test_the_title_without_its_date_names_a_file_and_the_date_is_its_revision(self, title):
        identity = identify("page", record(title, self.FILE, day=day("2024-01-29")), PAGE + "/")
        assert identity == Identity(f"listed:{PAGE} 340b overview", "listed", "2024-01-29")

    @pytest.mark.parametrize("link", [PAGE, f"{PAGE}#overview", "", "https://other.example/a.docx"])
    def test_a_record_without_a_page_of_its_own_is_named_the_same_way(self, link):
        assert identify("page", record("340B Overview", link), PAGE).value == f"listed:{PAGE} 340b overview"

    @pytest.mark.parametrize("is_read", [True, False], ids=["dates read", "in the title alone"])
    def test_two_dates_of_one_title_are_two_items_and_the_earlier_keeps_its_name(self, is_read):
        may, june = (
            record(f"Updates - {name}", self.FILE, day=day(on) if is_read else None)
            for name, on in (("May 1, 2024", "2024-05-01"), ("June 1, 2024", "2024-06-01"))
        )
        before = identify_all("page", [may], PAGE)
        after = identify_all("page", [june, may], PAGE)
        assert [one.value for one, _ in after] == [
            f"listed:{PAGE} updates 2024-06-01",
            f"listed:{PAGE} updates",
        ]
        assert before[0] == after[1]


class TestOneFetch:
    def test_the_same_item_twice_counts_once(self):
        link = "https://content.govdelivery.com/accounts/MEHHS/bulletins/3913e5a"
        one, other = record(link=link), record(link=link.replace("https", "http"))
        assert identify_all("feed", [one, other], PAGE) == [
            (Identity("govdelivery:3913e5a", "govdelivery"), one)
        ]

    def test_a_guid_that_different_titles_share_names_none_of_them(self):
        records = [record("One", "https://a.example/1", "same"), record("Two", "https://a.example/2", "same")]
        assert [one.value for one, _ in identify_all("feed", records, PAGE)] == [
            "link:https://a.example/1",
            "link:https://a.example/2",
        ]

    def test_a_link_that_different_titles_share_names_none_of_them(self):
        records = [record("One", "https://a.example/rules"), record("Two", "https://a.example/rules")]
        found = identify_all("feed", records, PAGE)
        assert [one.kind for one, _ in found] == ["hash", "hash"]
        assert len({one.value for one, _ in found}) == 2

    def test_weekly_titles_of_a_feed_that_share_a_link_are_two(self):
        records = [
            record("Updates - July 1, 2024", "https://a.example/u"),
            record("Updates - July 8, 2024", "https://a.example/u"),
        ]
        assert len(identify_all("feed", records, PAGE)) == 2

    def test_titles_that_read_the_same_may_share_a_guid(self):
        records = [record("Rule \u2013 One", guid="same"), record("rule - one", guid="same")]
        assert [one.value for one, _ in identify_all("feed", records, PAGE)] == ["guid:same"]

    def test_an_identity_fits_its_column(self):
        identity = identify("feed", record(guid="x" * 5_000), PAGE)
        assert len(identity.value) <= 500
        assert identity != identify("feed", record(guid="x" * 5_001), PAGE)

    @given(
        st.lists(
            st.builds(
                record,
                st.sampled_from("ABC"),
                st.sampled_from(["", "https://a.example/1", "https://a.example/2"]),
                st.sampled_from(["", "1", "2"]),
            ),
            max_size=6,
        )
    )
    @settings(max_examples=100)
    def test_different_titles_never_become_one_item_and_nothing_is_lost(self, records):
        found = identify_all("feed", records, PAGE)
        assert len({one.value for one, _ in found}) == len(found)
        assert {kept.title for _, kept in found} == {one.title for one in records}


@pytest.mark.parametrize("words", ["waiver ", "change in ", "changes in a ", "emergency "])
def test_a_title_without_end_takes_no_time(words):
    begun = time.process_time()
    lifecycle(words * 20_000, f"<h2>{words * 20_000}</h2>")
    assert time.process_time() - begun < 2
