"""
Who may log in: a kind that is known, with what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.logger import capturedLogs, formatEvent

from jetdirect import checkers
from jetdirect.checkers import PasswordFile, checkerFor
from tests.support.answers import hear


def test_file(tmp_path: Path) -> None:
    """A file with users and passwords."""
    file = tmp_path / "users"
    file.write_text("bob:sesame\n")
    assert isinstance(checkerFor(f"file:{file}"), PasswordFile)


@pytest.mark.parametrize(
    ("user", "password", "may"),
    [
        (b"ann", b"se:sa:me", True),
        (b"ann", b"se", False),
        (b"bob", b"", True),
        (b"bob", b"x", False),
        (b"carl", b"", False),
        (b"eve", b"", False),
    ],
)
def test_password(user: bytes, password: bytes, may: bool, tmp_path: Path) -> None:
    """All behind the first colon is the password; each login reads the file anew."""
    file = tmp_path / "users"
    file.write_text("dan:1\n")
    checker = checkerFor(f"file:{file}")
    file.write_text("ann:se:sa:me\nbob:\ncarl\n")
    answer = hear(checker.requestAvatarId(UsernamePassword(user, password)))
    assert (answer == [user]) is may


def test_gone(tmp_path: Path) -> None:
    """A file that cannot be read any more lets nobody in, and the log says so."""
    file = tmp_path / "users"
    file.write_text("ann:1\n")
    checker = checkerFor(f"file:{file}")
    file.unlink()
    with capturedLogs() as events:
        [why] = hear(checker.requestAvatarId(UsernamePassword(b"ann", b"1")))
    assert isinstance(why, UnauthorizedLogin)
    assert [formatEvent(each) for each in events] == [f"{file}: No such file or directory"]


@pytest.mark.parametrize("text", ["", "\n\n", "bob sesame\n"])
def test_nobody(text: str, tmp_path: Path) -> None:
    """A file without a line for anybody lets nobody in, which nobody can mean."""
    (tmp_path / "users").write_text(text)
    with pytest.raises(ValueError, match="nobody can log in"):
        checkerFor(f"file:{tmp_path}/users")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file", "write file:FILE"),
        ("file:/nosuch", "No such file"),
        ("file:/", "Is a directory"),
        ("fiel:/x", r"did you mean file\?"),
        ("anonymous", "known are file"),
        ("memory:bob", "nobody can log in"),
        ("memory:bob:", "nobody can log in"),
        ("memory::secret", "nobody can log in"),
        ("memory", "nobody can log in"),
        ("memory:", "nobody can log in"),
    ],
)
def test_none(text: str, told: str) -> None:
    """What can let nobody in says why, and what there is."""
    with pytest.raises(ValueError, match=told):
        checkerFor(text)


def test_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's passwords, if this Python and this user can read them; else nobody gets in."""
    monkeypatch.setattr(checkers, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="this Python cannot"):
        checkerFor("unix")
    monkeypatch.setattr(checkers, "find_spec", lambda name: name)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ValueError, match="only root"):
        checkerFor("unix")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert checkerFor("unix").credentialInterfaces
