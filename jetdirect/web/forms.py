"""
What a form on a page asks for, as the API is asked for it; and where the browser goes then.  No
I/O.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from secrets import token_bytes, token_urlsafe
from typing import Any

from . import rows
from .rows import Note

COOKIE = "jetdirect"

_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE = re.compile(
    r"/(?:ports/[!-.0->@-~]+|jobs(?:/\d{1,18})?|config|log)?(?:\?[!\"$-~]*)?", re.ASCII
)

OLD = "This page is too old to change anything; load it again, and say it once more"

_SAID = {
    "cancel": "Canceled",
    "hold": "Held",
    "release": "Released",
    "next": "Put in front",
    "erase": "Erased",
}


class Tokens:
    """
    What proves that a form comes from a page that this process has made for the same browser.

    Another site can make a browser send a form with our cookie, but cannot read the token that
    belongs to it.
    """

    def __init__(self) -> None:
        self._secret = token_bytes(32)

    def session(self, cookie: str | None) -> tuple[str, bool]:
        """The browser's session, and whether it is a new one."""
        if cookie is not None and _SESSION.fullmatch(cookie):
            return cookie, False
        return token_urlsafe(32), True

    def token(self, session: str) -> str:
        """The token that the forms of a session have."""
        return hmac.new(self._secret, session.encode("ascii"), "sha256").hexdigest()

    def fits(self, cookie: str | None, token: str) -> bool:
        """Does a token belong to a cookie?"""
        if cookie is None or not _SESSION.fullmatch(cookie):
            return False
        return hmac.compare_digest(self.token(cookie).encode(), token.encode("utf-8", "replace"))


def asked(path: Sequence[str], fields: Mapping[str, str]) -> tuple[list[str], bytes, str]:
    """
    What a form asks for.

    @return: the path of the API, its body, and the identity of the row that shows the result.
    """
    body: dict[str, Any] = {}
    if fields.get("to"):
        body["to"] = fields["to"]
    if fields.get("now"):
        body["now"] = True
    match path:
        case ["config", "reload"]:
            return ["api", "reload"], b"", "reloaded"
        case ["ports", name, "move" | "pause" as verb]:
            keep = {"move": "to", "pause": "now"}[verb]
            said = {key: value for key, value in body.items() if key == keep}
            return ["api", *path], json.dumps(said).encode(), rows.portKey(name)
        case ["ports", name, _]:
            return ["api", *path], b"", rows.portKey(name)
        case ["jobs", number, "move"]:
            return ["api", *path], json.dumps(body).encode(), f"job-{number[:18]}"
        case ["jobs", number, _]:
            return ["api", *path], b"", f"job-{number[:18]}"
    return ["api", *path], b"", ""


def result(path: Sequence[str], status: int, said: Mapping[str, Any]) -> Note:
    """What came of it, in a sentence."""
    if status >= 400:
        text = str(said.get("error", "refused"))
        return Note(f"Not done: {text}", False)
    match path:
        case ["config", "reload"]:
            return Note("Read again", True)
        case ["jobs", _, "reprint"]:
            return Note(f"Job {said['number']} prints it again", True)
        case ["jobs", _, "move"]:
            return Note(f"Moved to {said['port']}", True)
        case ["jobs", _, verb]:
            return Note(_SAID.get(verb, "Done"), True)
        case ["ports", _, "test"]:
            return Note(f"Job {said['number']} is a test page", True)
        case ["ports", _, "move"]:
            return Note(f"{said['moved']} moved", True)
        case ["ports", _, verb]:
            stays = "" if said.get("durable", True) else "; until the gateway ends"
            return Note(f"{'Paused' if verb == 'pause' else 'Resumed'}{stays}", True)
    return Note("Done", True)


def back(fields: Mapping[str, str], key: str) -> str:
    """Where the browser goes then: to the page that it came from, and the row there."""
    page = fields.get("back", "/")
    return f"{page if _PAGE.fullmatch(page) else '/'}{f'#{key}' if key else ''}"
