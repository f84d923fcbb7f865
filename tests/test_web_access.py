"""
Who is let in, what that one may do, and what a change asks for.
"""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.web.access import Access, Role, needed, said

SEE, OPERATE, ADMINISTER = Role.SEE, Role.OPERATE, Role.ADMINISTER


@pytest.mark.parametrize(
    ("access", "name", "role"),
    [
        (Access(), "anna", ADMINISTER),
        (Access(see=["anna"]), "anna", SEE),
        (Access(see=["anna"]), "bob", Role.NOTHING),
        (Access(see=["*"], operate=["anna"]), "anna", OPERATE),
        (Access(see=["*"], operate=["anna"]), "bob", SEE),
        (Access(see=["anna"], operate=["anna"], administer=["anna"]), "anna", ADMINISTER),
        (Access(operate=["*"], see=["bob"]), "bob", OPERATE),
        (Access(administer=["Anna"]), "anna", Role.NOTHING),
        (Access(see=["*"]), "", SEE),
    ],
)
def test_role(access: Access, name: str, role: Role) -> None:
    """The most that a list gives; whoever is in none of them may do nothing, if there is one."""
    assert access.roleOf(name) is role


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "", SEE),
        ("GET", "jobs/7", SEE),
        ("GET", "api/jobs", SEE),
        ("GET", "config", ADMINISTER),
        ("GET", "log", ADMINISTER),
        ("GET", "api/config", ADMINISTER),
        ("POST", "ports/lab/pause", OPERATE),
        ("POST", "api/jobs/7/cancel", OPERATE),
        ("POST", "api/jobs/7/erase", ADMINISTER),
        ("POST", "jobs/7/erase", ADMINISTER),
        ("POST", "config/reload", ADMINISTER),
        ("POST", "api/reload", ADMINISTER),
        ("POST", "reload", ADMINISTER),
    ],
)
def test_needed(method: str, path: str, role: Role) -> None:
    """A form and the API ask for the same; what cannot be taken back, and secrets, for the most."""
    assert needed(method, path.split("/")) is role


@pytest.mark.parametrize(
    ("text", "user", "password"),
    [
        (b"anna:b", b"anna", b"b"),
        (b"anna:b:c", b"anna", b"b:c"),
        (b":", b"", b""),
        ("jörg:a".encode(), "jörg".encode(), b"a"),
    ],
)
def test_said(text: bytes, user: bytes, password: bytes) -> None:
    """A name has no colon, a password may (RFC 7617, section 2); the scheme is in any case."""
    for scheme in ("Basic", "basic", "BASIC"):
        found = said(f"{scheme} {b64encode(text).decode()}")
        assert found is not None and (found.username, found.password) == (user, password)


@given(st.text())
def test_anythingSaid(text: str) -> None:
    """Whatever is sent, it is a login or none, and no error."""
    said(text)
    said(f"Basic {text}")


@pytest.mark.parametrize("text", ["", "Basic", "Basic !", "Basic YW5uYQ==", "Digest YTpi"])
def test_notSaid(text: str) -> None:
    """What cannot be understood is none."""
    assert said(text) is None
