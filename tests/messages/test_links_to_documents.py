"""A message says where a link leads to a PDF."""

from dataclasses import replace

from letters import AGENCY, BOUNDARY, HOSPITAL, JANE, LINKS, PLAIN, SENT_AT, copy, read

from dispatcher.messages import kinds


def test_links_to_a_pdf_say_so_in_both_parts_whatever_they_look_like() -> None:
    attached = "https://www.maine.gov/tools/whatsnew/attach.php?id=5&an=1"
    body = f'<p><a href="https://a.example/rule.pdf">The rule</a>, <a href="{attached}">its form</a>, <a href="https://a.example/x">its page</a></p>'
    content = replace(PLAIN, url=attached, body_html=body, pdfs={attached})
    message = kinds.bulletin(content, AGENCY, [HOSPITAL], LINKS, sent_at=SENT_AT, boundary=BOUNDARY)
    found = read(copy(message, JANE))
    links = {one.get("href"): one.text_content().strip() for one in found.page.xpath("//a")}
    assert links["https://a.example/rule.pdf"] == "The rule (PDF)"
    assert links["https://a.example/x"] == "its page"
    assert links[attached] in {"its form (PDF)", "Read it at its source, www.maine.gov (PDF)"}
    text = " ".join(found.text.split())
    assert "The rule (PDF), its form (PDF), its page" in text
    assert f"Read it at its source (PDF): {attached}" in text
