"""
Who may log in: a kind that is known, with what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.cred.checkers import FilePasswordDB

from jetdirect import checkers
from jetdirect.checkers import checkerFor


def test_file(tmp_path: Path) -> None:
    """A file with users and passwords."""
    file = tmp_path / "users"
    file.write_text("bob:sesame\n")
    assert isinstance(checkerFor(f"file:{file}"), FilePasswordDB)


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
