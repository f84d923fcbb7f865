"""
A connection that was made in time, though the reactor looked too late.
"""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Protocol

from jetdirect.net.dial import Dialer

reactor: Any = theReactor


@pytest_twisted.ensureDeferred
async def test_lateReactor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The printer's kernel has answered while our reactor was busy with something else."""
    monkeypatch.setattr("jetdirect.net.dial.ATTEMPT_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = TCP4ClientEndpoint(reactor, "127.0.0.1", listening.getsockname()[1])
        dialed = Dialer(reactor, there, "socket:").dial(Protocol)
        reactor.callFromThread(time.sleep, 0.2)  # which is done before timers are looked at
        protocol = await dialed
        protocol.transport.abortConnection()
