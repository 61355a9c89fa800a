from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.sources.dates import MAINE
from dispatcher.sources.identity import (
    Identity,
    canonical,
    change_hash,
    identify,
    identify_all,
    lifecycle,
    significant,
)
from dispatcher.sources.reading import Record

PAGE = "https://www.maine.gov/dhhs/oms/providers"


def record(
    title: str = "A title", link: str = "", guid: str = "", body: str = "", day: datetime | None = None
) -> Record:
    return Record(guid, title, link, body, day)


def day(text: str) -> datetime:
    """Midnight in Maine, which is what a heading's date is read as."""
    return datetime.fromisoformat(text).replace(tzinfo=MAINE).astimezone(UTC)


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

    def test_two_dates_of_one_title_are_two_items_and_the_earlier_keeps_its_name(self):
        may, june = (
            record(f"Updates - {name}", self.FILE, day=day(on))
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


class TestChange:
    NOTICE = record(
        "Rates for Section 45", "https://a.example/1", body="<p>The rate is $5.</p><p>1,204 views</p>"
    )
    IDENTITY = Identity("guid:1", "guid")

    @pytest.mark.parametrize(
        "body",
        [
            "<p>The  rate is\n$5.</p><p>1,311 views</p>",
            "<div>The rate is $5.</div>",
            "<p>The <strong>rate</strong> is $5.</p><p>Last updated: today</p><p>Page generated at 10:00</p>",
        ],
    )
    def test_spacing_mark_up_and_counters_are_no_change(self, body):
        assert change_hash(replace(self.NOTICE, body_html=body), self.IDENTITY) == change_hash(
            self.NOTICE, self.IDENTITY
        )

    @pytest.mark.parametrize(
        "changed",
        [
            replace(NOTICE, title="Rates for Section 46"),
            replace(NOTICE, link="https://a.example/2"),
            replace(NOTICE, body_html="<p>The rate is $6.</p>"),
            replace(NOTICE, body_html='<p>The <a href="https://a.example/r.pdf">rate</a> is $5.</p>'),
        ],
    )
    def test_title_words_and_links_are(self, changed):
        assert change_hash(changed, self.IDENTITY) != change_hash(self.NOTICE, self.IDENTITY)

    def test_so_is_the_date_of_a_heading(self):
        dated = replace(self.IDENTITY, revision="2024-01-29")
        assert change_hash(self.NOTICE, dated) != change_hash(self.NOTICE, self.IDENTITY)


class TestSignificant:
    BEFORE = record(
        "Participating providers, CR 1000 of Section 45",
        "https://a.example/1",
        body='<p>Particpating. <a href="https://a.example/files/a.pdf">it</a></p>',
        day=day("2024-01-29"),
    )

    @pytest.mark.parametrize(
        "after",
        [
            BEFORE,
            replace(BEFORE, title="Particpating providers, CR 1000 of Section 45"),
            replace(BEFORE, body_html=BEFORE.body_html.replace("Particpating", "Participating")),
            replace(BEFORE, body_html='<p><a href="https://a.example/files/a.pdf">it</a></p>'),
            replace(BEFORE, published_at=day("2024-01-28")),
            replace(
                BEFORE, published_at=datetime(2024, 2, 1, 15, 4, 5, tzinfo=UTC)
            ),  # an instant, not a heading's day
            replace(
                BEFORE,
                body_html=BEFORE.body_html.replace("https://a", "http://www.a").replace(
                    "http://www.a", "https://a"
                ),
            ),
        ],
    )
    def test_mended_typing_is_not(self, after):
        assert not significant(self.BEFORE, after)

    @pytest.mark.parametrize(
        "after",
        [
            replace(BEFORE, title=BEFORE.title.replace("45", "46")),
            replace(BEFORE, title=BEFORE.title.replace("providers", "members who live at home")),
            replace(BEFORE, published_at=day("2024-02-01")),
            replace(BEFORE, body_html=BEFORE.body_html + "<p>CR,132604</p>"),
            replace(BEFORE, body_html=BEFORE.body_html.replace("a.pdf", "b.pdf")),
            replace(BEFORE, body_html=BEFORE.body_html + "<p>" + "more " * 12 + "</p>"),
        ],
    )
    def test_numbers_dates_files_and_growth_are(self, after):
        assert significant(self.BEFORE, after)


class TestLifecycle:
    @pytest.mark.parametrize(
        ("title", "kind"),
        [
            ("MaineCare Notice of Agency Rule-making Proposal: Ch. 101, Section 97", "proposed"),
            ("Proposed Rule: Section 45, Hospital Services", "proposed"),
            ("Notice of Proposed Rule Adoption", "proposed"),
            ("MaineCare Notice of Agency Rulemaking Adoption", "adopted"),
            ("Adopted Rule: Section 80", "adopted"),
            ("The Department adopts changes to Section 80", "adopted"),
            ("Emergency Rule: Section 3, Ambulatory Care", "emergency"),
            ("Notice of Emergency Rule Making Adoption, Section 21", "emergency"),
            ("Notice of Agency Rule-making Adoption (Emergency)", "emergency"),
            ("Emergency Major Substantive Rule: Section 29", "emergency"),
            ("Notice of MaineCare Reimbursement Methodology Change", "methodology"),
            ("Notice of Change in Reimbursement Methodology: Hospital Supplemental Payments", "methodology"),
            ("Proposed Rule: Reimbursement Methodology for Section 45", "proposed"),
            ("Section 21 Waiver Renewal", "waiver"),
            ("Amendments to the Home and Community Waivers", "waiver"),
            ("Section 29 waiver: Proposed Amendment", "proposed"),
            ("Emergency Department Collaborative", "notice"),
            ("Adopted Rule: Emergency Medical Services", "adopted"),
            ("Adoption Assistance and MaineCare", "notice"),
            ("340B Program Overview", "notice"),
            ("", "notice"),
        ],
    )  # fmt: skip
    def test_the_title_tells_the_type(self, title, kind):
        assert lifecycle(title, "") == kind

    def test_where_the_title_does_not_the_first_heading_of_the_body_does(self):
        body = "<p>Intro</p><h2>Notice of Agency Rulemaking Proposal</h2><h2>Adoption</h2>"
        assert lifecycle("Section 97", body) == "proposed"
        assert lifecycle("Section 97, adopted rule", body) == "adopted"

    def test_running_text_never_does(self):
        assert (
            lifecycle("Section 97", "<p>Upon Adoption of the proposed rule the emergency rule ends.</p>")
            == "notice"
        )
