"""
What a session keeps from one command to the next: values that are replaced, and never changed.
"""

from __future__ import annotations

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.state import NOBODY, Login, Note, Parameters
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender

NAME: Note[str] = Note()
SIZE: Note[int] = Note()


@pytest.fixture
def sender() -> FakeSender:
    """A sender that has logged in."""
    sender = FakeSender(Gateway(Configuration([FakePrinter()], []), MemoryReactorClock()).factory)
    sender.login("ann")
    return sender


@pytest.mark.parametrize("value", [Login(), Parameters()])
def test_notes(value: Login | Parameters) -> None:
    """What is noted is kept under its own note, in a copy, and forgotten by another one."""
    assert value.read(NAME) is None
    noted = value.noted(NAME, "a.ps").noted(SIZE, 4)
    assert (noted.read(NAME), noted.read(SIZE)) == ("a.ps", 4)
    assert (value.read(NAME), value.read(SIZE)) == (None, None)
    assert noted.noted(NAME, None).read(NAME) is None


def test_nothingToNote() -> None:
    """A note that stays as it is makes no copy: of the idle sessions all have the same value."""
    assert NOBODY.noted(NAME, None) is NOBODY


def test_frozen() -> None:
    """Nobody changes a value that another session may have, too."""
    with pytest.raises(AttributeError):
        NOBODY.user = "ann"  # type: ignore[misc]
    with pytest.raises(TypeError):
        NOBODY.notes[NAME] = "a.ps"  # type: ignore[index]


def test_copies() -> None:
    """Another field leaves the notes as they are."""
    login = Login(user="ann").noted(NAME, "a.ps")._replace(directory=("PORT1",))
    assert (login.user, login.directory, login.read(NAME)) == ("ann", ("PORT1",), "a.ps")


@pytest.mark.parametrize(
    ("command", "rename", "passive"),
    [("USER bob", 503, 503), ("REIN", 503, 229), ("NOOP", 250, 503)],
)
def test_forgotten(sender: FakeSender, command: str, rename: int, passive: int) -> None:
    """A new USER forgets the name to be renamed; REIN the parameters, too; other commands none."""
    sender.upload("a.ps", b"page")
    sender.say("EPSV ALL")
    assert sender.say("RNFR a.ps").startswith("350")
    sender.say(command)
    if command != "NOOP":
        sender.login("bob")
    assert sender.say("RNTO b.ps").startswith(str(rename))
    # EPSV ALL forbids all others.
    assert sender.say("PASV").startswith("503") is (passive == 503)
    sender.wire.rst()
