from dataclasses import replace
from datetime import UTC, datetime

import pytest
from records import day, record

from dispatcher.sources.identity import Identity, change_hash, lifecycle, significant

AN_INSTANT = datetime(2024, 2, 1, 15, 4, 5, tzinfo=UTC)  # which a feed may stamp anew: no day of a heading


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
            "<p>The <strong>rate</strong> is $5.</p><p>Last updated: March 6, 2024</p><p>Page generated at 10:00</p>",
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
            replace(NOTICE, body_html=NOTICE.body_html + "<p>Updated on-site reviews begin in 2025.</p>"),
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
            replace(BEFORE, published_at=AN_INSTANT),
            replace(BEFORE, body_html=BEFORE.body_html.replace("https://a", "http://a")),
        ],
    )
    def test_mended_typing_is_not(self, after):
        assert not significant(self.BEFORE, after)

    @pytest.mark.parametrize(
        "after",
        [
            replace(BEFORE, title=BEFORE.title.replace("45", "46")),
            replace(BEFORE, title=BEFORE.title.replace("providers", "members who live at home")),
            replace(BEFORE, title=BEFORE.title + ", proposed"),
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
