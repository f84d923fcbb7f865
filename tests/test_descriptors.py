"""
Descriptors: a gateway of many sessions has enough of them, or its start says that it has not.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from jetdirect.descriptors import A_SESSION, BESIDES, reserve
from tests.support.behaviours import neverReads
from tests.support.gateway import Gateway
from tests.support.process import descriptors
from tests.support.rawprinter import RawPrinter
from tests.support.session import MUCH, Session, push

NONE = resource.RLIM_INFINITY

Start = Callable[[int, int, int], tuple[str, int]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start with a soft limit, a hard one and a number of sessions: the warning, the new limit."""

    def begin(soft: int, hard: int, sessions: int) -> tuple[str, int]:
        limits = [(soft, hard)]
        monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
        monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
        warning = reserve(sessions)
        assert limits[-1][1] == hard
        return warning, limits[-1][0]

    return begin


def test_few(start: Start) -> None:
    """Three sessions have enough in any system; nothing is changed."""
    assert start(1024, 4096, 3) == ("", 1024)


def test_many(start: Start) -> None:
    """The usual 1,024 are raised for many sessions, as far as they want."""
    assert start(1024, 524288, 300) == ("", 300 * A_SESSION + BESIDES)
    assert start(1024, NONE, 300) == ("", 300 * A_SESSION + BESIDES)


def test_noLimit(start: Start) -> None:
    """Where there is no limit, nothing is set."""
    assert start(NONE, NONE, 300) == ("", NONE)


def test_tooMany(start: Start) -> None:
    """What the system does not give is said, with both numbers and what to do."""
    warning, limit = start(256, 1024, 300)
    assert limit == 1024
    assert "300 sessions" in warning and "2000" in warning and "1024" in warning
    assert "LimitNOFILE" in warning and "--max-sessions" in warning


def test_kernelSaysNo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that refuses what its own limit allows changes nothing, and is a warning."""

    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, NONE))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert "gives 256;" in reserve(300)


@pytest.mark.slow
def test_session(tmp_path: Path) -> None:
    """A session that can send no more to its printer has no more open than is counted."""
    with ExitStack() as stack:
        printer = stack.enter_context(RawPrinter(neverReads, keep=False))
        words = ("--printer", printer.uri(), "--drain-timeout=0")
        gateway = stack.enter_context(Gateway(tmp_path, *words))
        stack.enter_context(Session(gateway.port))  # the reactor runs, and has all of its own
        before = descriptors(gateway.pid)
        session = stack.enter_context(Session(gateway.port))
        push(stack.enter_context(session.upload()), MUCH)
        assert 3 <= len(descriptors(gateway.pid) - before) <= A_SESSION
        session.close()  # without QUIT, which waits for the job
