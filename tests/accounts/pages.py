"""Reading what came back: codes out of mails, and pages without what is random in them."""

import re
from html.parser import HTMLParser

from django.core.mail import EmailMessage
from django.http import HttpResponse


def code_in(letter: EmailMessage) -> str:
    found = re.search(r"\b\d{4}-\d{4}\b", str(letter.body))
    assert found, letter.body
    return found.group()


def same_page(answer: HttpResponse, *addresses: str) -> tuple[int, str]:
    """Status and body, with what differs from one request to the next and the given addresses taken out."""
    body = answer.content.decode()
    for address in addresses:
        body = body.replace(address, "ADDRESS")
    body = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', r"\1=", body)
    return answer.status_code, re.sub(r'"X-CSRFToken": "[^"]*"', "", body)


class Scripts(HTMLParser):
    """Every script of a page that would run: its attributes and what stands inside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.running: list[dict[str, str | None]] = []
        self.inline: list[str] = []
        self._open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "script" and found.get("type") != "application/json":
            self.running.append(found)
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.inline.append(data)
