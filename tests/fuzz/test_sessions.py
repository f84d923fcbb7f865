"""
A short siege of a running gateway; C{python -m laboratory.fuzz.sessions} lays longer ones.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from random import Random

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock, deferLater

from jetdirect.job import Job, Sender
from jetdirect.transports.build import transportFor
from laboratory.fuzz.player import Player
from laboratory.fuzz.sessions import Siege
from tests.support.caller import Caller
from tests.support.process import descriptors
from tests.support.rawprinter import RawPrinter

SESSIONS = 120

WAITS = 5
"""A seed with which a player waits for the end, instead of resetting the connection."""


@pytest.mark.long
def test_siege(tmp_path: Path) -> None:
    """Random sessions leave a gateway that prints, with a clean log and nothing open."""
    siege = Siege(tmp_path, seed=1)
    try:
        siege.lay(SESSIONS, None)
    finally:
        siege.end()
    assert siege.wrong == []
    assert siege.played >= SESSIONS
    assert {"150", "226", "230", "500"} <= set(siege.codes)


@pytest_twisted.ensureDeferred
async def test_canceledConnect() -> None:
    """A descriptor for which events may be under way is not free for others in the same turn."""
    from twisted.internet import reactor

    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        for _ in range(2):  # the kernel completes no more than those that it can queue
            sockets.enter_context(socket.create_connection(listener.getsockname()))
        transport = transportFor(reactor, f"socket://127.0.0.1:{listener.getsockname()[1]}")
        before = descriptors(os.getpid())
        opened = transport.open(Job(1, "PORT1", "a", Sender("a", "127.0.0.1", 1), None, Clock()))
        while not (connecting := descriptors(os.getpid()) - before):
            await deferLater(reactor, 0)
        assert not opened.called
        opened.addErrback(lambda failure: failure.trap(CancelledError))
        opened.cancel()
        assert connecting <= descriptors(os.getpid())
        await deferLater(reactor, 0)
        await deferLater(reactor, 0)


@pytest.mark.parametrize(
    "said", [b"220 a\r\n230 \x1b[31m\r\n", b"220 a\n", b"220-a\r\n", b"22 a\r\n", b"220 a\r\nx"]
)
def test_noReplies(said: bytes) -> None:
    """A player notices what is no reply."""
    heard(b"220 a\r\n")
    with pytest.raises(AssertionError):
        heard(said)


def heard(said: bytes) -> list[bytes]:
    """The replies of a server that says so and hangs up."""

    def server(caller: Caller) -> None:
        caller.say(said)
        caller.finish()
        caller.readAll()

    with RawPrinter(server) as printer:
        player = Player(printer.port, Random(WAITS))
        player.play(b"USER a\n")
    assert player.whole
    return player.replies()
