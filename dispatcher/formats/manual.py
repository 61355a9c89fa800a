"""The Benefits Manual (10-144 C.M.R. Chapter 101): which chapters and sections it has. Data and look-ups; reads no text.

A section is its number; titles drift, and the one here is for display. Chapter III holds the payment rules of many services
of Chapter II; only those that a notice has named are listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["in force", "not confirmed", "ended"]

CHAPTERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


@dataclass(frozen=True, slots=True)
class Entry:
    """One section of the manual. `appendices`: the letters that it has today."""

    chapter: str
    number: str
    title: str
    status: Status = "in force"
    appendices: tuple[str, ...] = ()


_PNMI = ("B", "C", "D", "F")

ENTRIES: tuple[Entry, ...] = (
    Entry("I", "1", "General Administrative Policies and Procedures"),
    Entry("I", "2", "State Medicaid Health Information Technology"),
    Entry("I", "4", "Telehealth Services"),
    Entry("I", "5", "COVID-19 Public Health Emergency Services"),
    Entry("I", "6", "Global HCBS Waiver Person-Centered Planning and Settings Rule"),
    Entry("I", "7", "Children's Behavioral Health Services Global Rule"),  # from 14 April 2026
    Entry("II", "2", "Adult Family Care Services"),
    Entry("II", "3", "Ambulatory Care Clinic Services"),
    Entry("II", "4", "Ambulatory Surgical Center Services"),
    Entry("II", "5", "Ambulance Services"),
    Entry("II", "7", "Free-standing Dialysis Services"),
    Entry("II", "9", "Indian Health Services"),
    Entry("II", "12", "Consumer Directed Attendant Services"),
    Entry("II", "13", "Targeted Case Management Services"),
    Entry("II", "14", "Advanced Practice Registered Nursing Services"),
    Entry("II", "15", "Chiropractic Services"),
    Entry("II", "17", "Community Support Services"),
    Entry("II", "18", "Home and Community-Based Services for Adults with Brain Injury"),
    Entry("II", "19", "Home and Community Benefits for the Elderly and Adults with Disabilities"),
    Entry("II", "20", "Home and Community Based Services for Adults with Other Related Conditions"),
    Entry(
        "II",
        "21",
        "Home and Community Benefits for Members with Intellectual Disabilities or Autism Spectrum Disorder",
    ),
    Entry("II", "23", "Developmental and Behavioral Clinic Services"),
    Entry("II", "24", "Day Habilitation", "ended"),  # absorbed into 21 and 28
    Entry("II", "25", "Dental Services and Reimbursement Methodology"),
    Entry("II", "26", "Day Health Services"),
    Entry("II", "28", "Adaptive Behavior Services for Children"),
    Entry("II", "29", "Support Services for Adults with Intellectual Disabilities or Autistic Disorder"),
    Entry("II", "30", "Family Planning Agency Services"),
    Entry("II", "31", "Federally Qualified Health Center Services"),
    Entry("II", "35", "Hearing Aids and Services", "not confirmed"),
    Entry("II", "40", "Home Health Services"),
    Entry("II", "43", "Hospice Services"),
    Entry("II", "45", "Hospital Services"),
    Entry("II", "46", "Psychiatric Hospital Services"),
    Entry("II", "50", "ICF-IID Services"),
    Entry("II", "55", "Laboratory Services"),
    Entry("II", "60", "Medical Supplies and Durable Medical Equipment"),
    Entry("II", "65", "Behavioral Health Services"),
    Entry("II", "66", "Crisis Services", "not confirmed"),  # announced as a companion of 65
    Entry("II", "67", "Nursing Facility Services"),
    Entry("II", "68", "Occupational Therapy Services"),
    Entry("II", "75", "Vision Services"),
    Entry("II", "80", "Pharmacy Services"),
    Entry("II", "85", "Physical Therapy Services"),
    Entry("II", "89", "MaineMOM Services"),
    Entry("II", "90", "Physician Services"),
    Entry("II", "91", "Health Home Services - Community Care Teams"),
    Entry("II", "92", "Behavioral Health Home Services"),
    Entry("II", "93", "Opioid Health Home Services"),
    Entry("II", "94", "Early and Periodic Screening, Diagnosis and Treatment Services (EPSDT)"),
    Entry("II", "95", "Podiatric Services"),
    Entry("II", "96", "Private Duty Nursing and Personal Care Services"),
    Entry("II", "97", "Private Non-Medical Institution Services", appendices=_PNMI),
    Entry("II", "101", "Medical Imaging Services"),
    Entry("II", "102", "Rehabilitative Services"),
    Entry("II", "103", "Rural Health Clinic Services"),
    Entry("II", "107", "Psychiatric Residential Treatment Facility Services"),
    Entry("II", "109", "Speech and Hearing Services"),
    Entry("II", "113", "Non-Emergency Transportation (NET) Services"),
    Entry("III", "23", "Allowances for Developmental and Behavioral Clinic Services"),
    Entry("III", "29", "Allowances for Support Services"),
    Entry("III", "43", "Allowances for Hospice Services"),  # repeal proposed in 2023
    Entry("III", "45", "Principles of Reimbursement for Hospital Services"),
    Entry("III", "65", "Allowances for Behavioral Health Services"),  # repeal proposed
    Entry("III", "67", "Principles of Reimbursement for Nursing Facilities"),
    Entry("III", "68", "Allowances for Occupational Therapy Services"),
    Entry(
        "III",
        "97",
        "Principles of Reimbursement for Private Non-Medical Institution Services",
        appendices=_PNMI,
    ),
    Entry("X", "1", "Benefit for People Living with HIV/AIDS"),
)

_BY_PLACE: Mapping[tuple[str, str], Entry] = {(entry.chapter, entry.number): entry for entry in ENTRIES}

NUMBERS: tuple[str, ...] = tuple(sorted({entry.number for entry in ENTRIES}, key=int))
_NUMBERS = frozenset(NUMBERS)
APPENDICES: Mapping[str, tuple[str, ...]] = {
    entry.number: entry.appendices for entry in ENTRIES if entry.appendices
}


def entry(chapter: str, number: str) -> Entry | None:
    """The section of that number in that chapter; None if it is not listed."""
    return _BY_PLACE.get((chapter, number))


def known(chapter: str | None, number: str) -> bool:
    """Is it listed, in that chapter or (None) in any?"""
    return number in _NUMBERS if chapter is None else (chapter, number) in _BY_PLACE


def may_exist(chapter: str | None, number: str) -> bool:
    """Is it listed, or one of the unlisted payment rules: a section of Chapter III for a service of Chapter II?"""
    return known(chapter, number) or (chapter == "III" and known("II", number))


def title(chapter: str | None, number: str) -> str | None:
    """The title for display. Without a chapter that of Chapter II, failing which that of the first chapter to have it."""
    chapters = (chapter,) if chapter else ("II", *CHAPTERS)
    found = (entry(each, number) for each in chapters)
    return next((one.title for one in found if one), None)
