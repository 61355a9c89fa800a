"""The archive says where a link leads to a PDF."""

import factories as make
import lxml.html
import visiting
from django.test import Client

from dispatcher.models import LinkedDocument


def test_a_link_to_a_pdf_says_so(sqlite_db: str, visitor: Client) -> None:
    visiting.catalog()
    made = make.bulletin(
        visiting.topics()[0],
        state="mailed",
        url="https://www.maine.gov/attach.php?id=5",
        body_html='<p><a href="https://www.maine.gov/rule.pdf">The rule</a></p>',
    )
    LinkedDocument.objects.create(
        bulletin=made, position=0, url=made.url, waits_until=made.first_seen_at, pages=2
    )
    shown = lxml.html.document_fromstring(visitor.get(f"/bulletins/{made.id}").text)
    assert shown.xpath("//a[text()='The rule (PDF)']")
    assert shown.xpath("//a[text()='Read it at its source, www.maine.gov (PDF)']")
