"""
What a form on a page asks for, who may send it, and where the browser goes then.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.web.forms import Tokens, asked, back, result


def test_token() -> None:
    """A token fits the cookie that it was made for, in this process, and nothing else."""
    tokens = Tokens()
    session, new = tokens.session(None)
    assert new and tokens.session(session) == (session, False)
    token = tokens.token(session)
    assert tokens.fits(session, token)
    other, _ = tokens.session("x")
    assert other != session and not tokens.fits(other, token)
    assert not tokens.fits(None, token) and not tokens.fits("", tokens.token(""))
    assert not Tokens().fits(session, token)


@pytest.mark.parametrize("cookie", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "\n", "\xe9" * 43])
def test_badCookie(cookie: str) -> None:
    """What we have not made is no session: the browser gets one of ours."""
    tokens = Tokens()
    session, new = tokens.session(cookie)
    assert new and session != cookie and len(session) == 43
    assert not tokens.fits(cookie, "0" * 64)


@given(st.text())
def test_anyToken(token: str) -> None:
    """Whatever is sent as a token, it is refused and does no harm."""
    tokens = Tokens()
    session, _ = tokens.session(None)
    assert not tokens.fits(session, token)


@pytest.mark.parametrize(
    ("path", "fields", "api", "body", "row"),
    [
        ("config/reload", {}, "api/reload", None, "reloaded"),
        ("ports/Ward3/pause", {}, "api/ports/Ward3/pause", {}, "port-ward3"),
        ("ports/Ward3/pause", {"now": "1", "to": "x"}, "", {"now": True}, "port-ward3"),
        ("ports/Ward3/move", {"to": "lab", "now": "1"}, "", {"to": "lab"}, "port-ward3"),
        ("ports/Ward3/resume", {"to": "lab"}, "api/ports/Ward3/resume", None, "port-ward3"),
        ("jobs/7/move", {"to": "lab"}, "api/jobs/7/move", {"to": "lab"}, "job-7"),
        ("jobs/7/cancel", {"now": "1"}, "api/jobs/7/cancel", None, "job-7"),
        ("elsewhere", {}, "api/elsewhere", None, ""),
    ],
)
def test_asked(path: str, fields: dict[str, str], api: str, body: Any, row: str) -> None:
    """A form is a request of the API, without the fields that are not for it."""
    found, sent, key = asked(path.split("/"), fields)
    assert found == (api or f"api/{path}").split("/")
    assert (json.loads(sent) if sent else None) == body
    assert key == row


@pytest.mark.parametrize(
    ("path", "status", "said", "text"),
    [
        ("config/reload", 200, {}, "Read again"),
        ("config/reload", 409, {"error": "no such key"}, "Not done: no such key"),
        ("jobs/7/reprint", 200, {"number": 9}, "Job 9 prints it again"),
        ("jobs/7/move", 200, {"port": "lab"}, "Moved to lab"),
        ("jobs/7/cancel", 200, {}, "Canceled"),
        ("jobs/7/cancel", 404, {}, "Not done: refused"),
        ("ports/lab/test", 200, {"number": 9}, "Job 9 is a test page"),
        ("ports/lab/move", 200, {"moved": 3}, "3 moved"),
        ("ports/lab/pause", 200, {"durable": True}, "Paused"),
        ("ports/lab/pause", 200, {"durable": False}, "Paused; until the gateway ends"),
        ("ports/lab/resume", 200, {}, "Resumed"),
        ("elsewhere", 200, {}, "Done"),
    ],
)
def test_result(path: str, status: int, said: dict[str, Any], text: str) -> None:
    """What came of it, in a sentence that says whether it was done."""
    note = result(path.split("/"), status, said)
    assert note == (text, status < 400)


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/?state=bad",
        "/jobs",
        "/jobs/7",
        "/jobs?q=a%20b",
        "/ports/Ward3",
        "/config",
        "/log?x=1",
    ],
)
def test_back(page: str) -> None:
    """The browser goes back to the page that it came from, and to the row."""
    assert back({"back": page}, "job-7") == f"{page}#job-7"
    assert back({"back": page}, "") == page


@pytest.mark.parametrize(
    "page",
    [
        "", "//evil.example", "https://evil.example/", "/\\evil.example", "/jobs/../x",
        "/jobs/7/cancel", "/ports/", "/ports/a/b", "/log\r\nSet-Cookie: a=b", "/log\n", "/?a=#x",
        "/jobs/1234567890123456789", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_notAway(page: str) -> None:
    """Nobody can send it to another site, or to anything but a page."""
    assert back({"back": page}, "job-7") == "/#job-7"
    assert back({}, "") == "/"
