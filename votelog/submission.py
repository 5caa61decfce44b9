"""One HTTP exchange with a witness, C2SP tlog-witness, within bounds of time and length."""

import http.client
import time
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from merkle import cosignature
from merkle.errors import ProofError

PATIENCE = 8.0
"""Seconds for the whole exchange, as far as the witness says anything; and for each silence in it."""
MAX_ANSWER = 65_536


class Failed(Exception):
    """The witness did not sign; the message says why and continues "Witness <name> of log <shard>"."""


class TwoLogs(Exception):
    """The witness has signed what this log does not hold."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects)


def add_checkpoint(url: str, body: bytes) -> str | int:
    """The signature lines of a 200; the size of a 409, from which the witness wants the proof. Raises Failed."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise Failed(f"has an address that is none: {url}")
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "deliberate"}
    request = Request(f"{url.rstrip('/')}/add-checkpoint", data=body, headers=headers)  # noqa: S310 -- looked at above
    try:
        with _opener.open(request, timeout=PATIENCE) as response:
            if response.status != 200:
                raise Failed(f"answers {response.status}")
            return _text(response)
    except HTTPError as error:
        with error:
            if error.code == 409:
                try:
                    return cosignature.parse_size(_text(error).removesuffix("\n"))
                except ProofError:
                    raise Failed("answers 409 without saying its size") from None
        meaning = {403: " (does not know the log's key)", 404: " (does not know this log)", 422: " (refuses the proof)"}
        raise Failed(f"answers {error.code}{meaning.get(error.code, '')}") from None
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise Failed(f"does not answer: {getattr(error, 'reason', error)}") from None


def _text(response: http.client.HTTPResponse | HTTPError) -> str:
    deadline = time.monotonic() + PATIENCE
    data = b""
    while part := response.read1(8192):
        data += part
        if len(data) > MAX_ANSWER or time.monotonic() > deadline:
            raise Failed("answers too much or too slowly")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failed("answers something that is no text") from None
