"""The topic list as shipped, held against notices of the kinds that the sources publish, and against what only looks like them."""

import pytest

from dispatcher.config import bundled
from dispatcher.sources import pages
from dispatcher.topics import catalog
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Matcher, compile_rules

SHIPPED = catalog.parse(bundled("topics.yaml").read_text(encoding="utf-8"), "topics.yaml")
PNMI = "private-non-medical-institutions"
RULES, PROPOSED, ADOPTED = "all-rulemaking", "proposed-rules", "adopted-rules"
METHODS = "reimbursement-methodology"

NOTICES = [
    # E-messages
    (
        "Attention Pharmacy Providers: MEPOPS Takes Claims Again From April 3",
        [
            "The point of purchase system (MEPOPS) will be back in steps. Pharmacies may send the claims they kept.",
            "Call the Provider Help Desk, or write to it with your NPI. Forms are on the Provider Resources page.",
            "Prior authorization and copays stay suspended for pharmacies that have enrolled for office hours.",
        ],
        "notice",
        {"pharmacy"},
    ),
    ("Resharing a Link: Office Hours on the Outage", ["MEPOPS is slow today; pharmacies may call."], "notice", {"pharmacy", "trainings"}),
    ("Preferred Drug List Changes on July 1", ["A 90-day supply remains possible for most drugs."], "notice", {"pharmacy"}),
    ("Dental Providers: New Claim Form", ["The form changes in May."], "notice", {"dental"}),
    ("Adult Dental Limits Explained", ["See the table of limits."], "notice", {"dental"}),
    ("Rate Letters for PNMI Appendix C", ["Letters were mailed to each facility."], "notice", {PNMI}),
    ("Behavioral Health Providers: License Renewals", ["Renew by June."], "notice", {"behavioral-health", "licensing"}),
    ("Home Health Agencies: Survey Open", ["Answer by Friday."], "notice", {"home-health"}),
    ("Electronic Visit Verification Deadline", ["Home health agencies must use electronic visit verification in May."], "notice", {"home-health", "electronic-visit-verification"}),
    ("Physician-Administered Drugs Need an NDC", ["Claims without one will deny."], "notice", {"physician", "drug-claims"}),
    ("Provider Enrollment: Portal Closed on Sunday", ["Come back on Monday."], "notice", {"provider-enrollment"}),
    (
        "Revalidation Deadlines for 2026",
        ["Under the Affordable Care Act (ACA), Section 6401, every provider is screened again every five years."],
        "notice",
        {"provider-enrollment"},
    ),
    # Rules
    (
        "MaineCare Notice of Agency Rule-making Adoption: 10-144 C.M.R. Ch. 101, MaineCare Benefits Manual, Chapter II, Section 80, Pharmacy Services",
        ["The Department adopts changes to Chapter II, Section 80, on 90-day supplies and the Preferred Drug List."],
        "adopted",
        {"pharmacy", RULES, ADOPTED},
    ),
    (
        "MaineCare Notice of Agency Rule-making Proposal: 10-144 C.M.R. Ch. 101, MaineCare Benefits Manual, Chapters II and III, Section 97, Private Non-Medical Institution Services",
        ["Changes to Chapters II and III, Section 97, Appendix B and Appendix D. A hearing will be held."],
        "proposed",
        {PNMI, RULES, PROPOSED},
    ),
    (
        "Emergency Rule: MaineCare Benefits Manual, Chapters II and III, Section 65, Behavioral Health Services",
        ["In force for 90 days."],
        "emergency",
        {"behavioral-health", RULES, "emergency-rules"},
    ),
    ("Proposed Rule: Ch. II, Sec. 90, Physician Services", ["Comments are due in May."], "proposed", {"physician", RULES, PROPOSED}),
    ("NOTICE OF AGENCY RULEMAKING ADOPTION: CH. III, SEC. 45, HOSPITAL SERVICES", [], "adopted", {"hospital", RULES, ADOPTED}),
    ("Adopted Rule: Chapter II, Section 40, Home Health Services", [], "adopted", {"home-health", RULES, ADOPTED}),
    ("Proposed Rule: Chapter II, Section 25, Dental Services and Reimbursement Methodology", [], "proposed", {"dental", RULES, PROPOSED}),
    ("Adopted Rule: Chapter III, Section 97, Appendix F", [], "adopted", {PNMI, RULES, ADOPTED}),
    ("Rule-making Proposal: Chapter II, Sections 18, 20, 21, and 29", ["Waiver services change."], "proposed", {RULES, PROPOSED, "brain-injury-waiver", "other-related-conditions-waiver", "intellectual-disabilities-waiver", "support-services"}),
    # Methods of payment
    (
        "Notice of Change in Reimbursement Methodology: Hospital Supplemental Payments",
        ["Notice under 42 CFR 447.205 of a change in methods for hospital supplemental payments, Section 45."],
        "methodology",
        {"hospital", METHODS, "hospital-supplemental-payments"},
    ),
    (
        "Notice of MaineCare Reimbursement Methodology Change: Cost-of-Living Adjustment, Section 65",
        ["Rates under Section 90 will not receive this adjustment."],
        "methodology",
        {"behavioral-health", METHODS, "rate-setting"},
    ),
    # Documents of the Provider Resources page
    ("340B Program Overview", ["A general overview of MaineCare's 340B Program"], "notice", {"340b"}),
    ("How to Avoid Duplicate Discounts", ["For providers in the 340B drug program, CR 112772"], "notice", {"340b"}),
    ("340B Provider Enrollment Guidance", ["How to enroll for 340B."], "notice", {"340b", "provider-enrollment"}),
    # What cuts across the sections
    ("Rate Reform: Next Steps", ["The rate determination schedule of 2026 is out."], "notice", {"rate-system-reform"}),
    ("New Settings Rule Toolkit", ["How HCBS providers meet the settings rule."], "notice", {"hcbs-settings"}),
    ("Health PAS Online Portal Down on Sunday", [], "notice", {"health-pas"}),
    ("Prior Authorization Forms Have Moved", [], "notice", {"prior-authorization"}),
    ("PERM Reviews Begin in May", ["Send records within 75 days."], "notice", {"audits"}),
    ("Primary Care Plus: Apply by June", [], "notice", {"value-based-purchasing"}),
    ("Electronic Health Records: Deadlines", [], "notice", {"health-information-technology"}),
    ("Remittance Advice Dates in December", [], "notice", {"claims"}),
    ("Maine CDC: Measles in Two Counties", [], "notice", {"maine-cdc"}),
    ("Timely Filing Limits", ["Chapter I, Section 1 of the MaineCare Benefits Manual sets them."], "notice", {"claims", "general-policies"}),
    # Traps: the words are there, the subject is not
    ("General Billing Guidance", [], "notice", {"claims"}),
    ("Interpreter Services Guidance", ["For providers who see members with limited English."], "notice", {"interpreter-services"}),
    ("Renewals Have Begun", ["Full coverage includes doctor visits, dental, pharmacy, hospital stays and home health."], "notice", {"member-renewals"}),
    ("Hospitals Asked to Count Their Beds", ["The survey takes ten minutes."], "notice", set()),
    ("A Flu Shot at Your Pharmacy", ["The Maine CDC has vaccine for all ages."], "notice", set()),
    ("Open Enrollment Begins on November 1", ["Members may choose a plan; providers need not do anything."], "notice", set()),
    ("Health Home Services: Training in March", ["For community care teams under Section 91."], "notice", {"trainings", "health-homes"}),
    ("Adopted Rule: Chapter II, Section 46, Psychiatric Hospital Services", [], "adopted", {RULES, ADOPTED, "psychiatric-hospital"}),
    ("Proposed Rule: Chapter II, Section 92, Behavioral Health Home Services", [], "proposed", {RULES, PROPOSED, "behavioral-health-homes"}),
    ("Section 1115 Waiver Amendment", ["Comments on the substance use demonstration are welcome."], "waiver", {"waivers"}),
    ("New Rate of $65.05", ["40 percent of claims and 97 facilities are concerned, within 25 days."], "notice", {"rate-setting"}),
    ("Notice of Privacy Practices", ["See 45 CFR 164.520 and 42 U.S.C. § 1396r-8."], "notice", set()),
    ("Adopted Rule: 10-144 C.M.R. Ch. 332, MaineCare Eligibility Manual, Section 4.3.1", [], "adopted", {RULES, ADOPTED, "member-renewals"}),
    ("Rules of the Road for Office Hours", ["A rule of thumb: mute yourself."], "notice", {"trainings"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return compile_rules([topic.to_rules() for topic in SHIPPED.topics])


@pytest.mark.parametrize(
    ("title", "body", "kind", "topics"), NOTICES, ids=[notice[0][:50] for notice in NOTICES]
)
def test_a_notice_reaches_those_whom_it_concerns_and_nobody_else(matcher, title, body, kind, topics) -> None:
    outcome = matcher.match(Document(title, tuple(body), kind))
    assert {slug for slug, _ in outcome.topics} == topics


def test_every_topic_without_a_section_is_reached_by_a_notice_above() -> None:
    """Those with one are asked in test_shipped_sections."""
    reached = {slug for notice in NOTICES for slug in notice[3]}
    assert {topic.slug for topic in SHIPPED.topics if not topic.sections} <= reached


def test_only_sources_with_a_confirmed_address_and_form_are_polled() -> None:
    assert {source.slug for source in SHIPPED.sources if source.enabled} == {
        "bulletins",
        "provider-resources",
    }
    assert all(source.reason for source in SHIPPED.sources if not source.enabled)


PAGE = """<!DOCTYPE html><html lang="en"><head><title>Provider Resources</title></head><body>
<header><h3>Find a Form - May 1, 2020</h3></header>
<main id="main-content"><h1>Provider Resources</h1><div class="field--name-body">
<h2>Billing</h2><p>Before the first document.</p>
<h3>How 340B Claims Are Marked - October 7, 2022</h3>
<p>Which marks to use. <a href="/dhhs/files/marks.pdf">marks.pdf</a> (PDF)</p>
<h3>Letters &#8211; and Numbers - July 7, 2021</h3><p>Two dashes in one heading.</p>
<h2>Toolkits</h2>
<h3>A Toolkit for Schools</h3><p>Ask for <a href="/dhhs/toolkit">printed copies</a>.</p>
<h2>More</h2>
<h3>Words Only - May 8, 2023&nbsp;&nbsp; &nbsp;</h3>
<h2>Contact</h2>
<h3>Whom to Call</h3><p>See the <a href="/dhhs/contacts.pdf">contacts</a>.</p>
</div></main></body></html>"""


def test_the_provider_resources_selectors_take_the_dated_documents_alone() -> None:
    (entry,) = (source.as_json() for source in SHIPPED.sources if source.slug == "provider-resources")
    reading = pages.read(
        PAGE.encode(), "text/html; charset=utf-8", entry["url"],
        pages.Select(**entry["select"]), pages.Patterns(**entry["patterns"]),
        dated_only=entry["dated_only"], minimum=entry["minimum_records"],
    )  # fmt: skip
    read = [
        (one.title, one.published_at and one.published_at.date().isoformat(), one.link)
        for one in reading.records
    ]
    assert read == [
        ("How 340B Claims Are Marked", "2022-10-07", "https://www.maine.gov/dhhs/files/marks.pdf"),
        ("Letters – and Numbers", "2021-07-07", "https://www.maine.gov/dhhs/oms/providers"),
        ("Words Only", "2023-05-08", "https://www.maine.gov/dhhs/oms/providers"),
    ]
    assert reading.degraded == ()
    assert "printed copies" not in "".join(one.body_html for one in reading.records)
