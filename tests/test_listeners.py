"""
Where FTP clients connect: why a listener cannot be, in an operator's words.
"""

from __future__ import annotations

import errno
import re
import socket
from typing import Any

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock

from jetdirect.listeners import leadsHere, listeners, portOf, readable, whyNot

REACTOR: Any = MemoryReactorClock()
"""What parses them; nothing listens."""


@pytest.mark.parametrize(
    ("listener", "port"),
    [
        ("tcp:2121", 2121),
        ("tcp:port=2121:interface=127.0.0.1", 2121),
        ("tcp:interface=127.0.0.1:port=2121", 2121),
        (r"tcp6:2121:interface=\:\:", 2121),
        ("haproxy:tcp:2121", 2121),
        ("tls:990", 990),
        ("unix:/tmp/2121", None),
        ("systemd:domain=INET:index=0", None),
    ],
)
def test_portOf(listener: str, port: int | None) -> None:
    """The TCP port, wherever it stands."""
    assert portOf(listener) == port


@pytest.mark.parametrize(
    ("uri", "port", "here"),
    [
        ("socket://127.0.0.1:2121", "2121", True),
        ("socket://[::1]:2121", "2121", True),
        ("lpd://localhost:2121/q", "tcp:2121", True),
        ("socket://127.0.0.1:2122", "2121", False),
        ("socket://192.0.2.1:2121", "2121", False),
        ("socket://127.0.0.1:2121", "tcp:2121:interface=192.0.2.9", False),
        ("socket://192.0.2.9:2121", "tcp:2121:interface=192.0.2.9", True),
        ("socket://127.0.0.7:2121", "2121", True),
        ("socket://localhost:2121", "tcp:2121:interface=127.0.0.1", True),
        ("socket://[::1]:2121", r"tcp6:2121:interface=\:\:1", True),
        ("socket://printer:2121", "2121", False),
        ("file:/tmp/2121", "2121", False),
    ],
)
def test_leadsHere(uri: str, port: str, here: bool) -> None:
    """A printer that is the gateway itself is known."""
    assert leadsHere(uri, listeners(REACTOR, port)) is here


def test_ownAddress(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that this machine has is known, unless the system allows to bind any."""
    listener = listeners(REACTOR, "2121")
    bound = {"192.0.2.7"}
    monkeypatch.setattr("jetdirect.listeners._isBound", bound.__contains__)
    assert leadsHere("socket://192.0.2.7:2121", listener)
    assert not leadsHere("socket://192.0.2.8:2121", listener)
    bound |= {"192.0.2.8", "192.0.2.1"}
    assert not leadsHere("socket://192.0.2.8:2121", listener)
    assert leadsHere("socket://127.0.0.1:2121", listener)


@pytest.mark.parametrize(
    "text", ["tcp:2121:interface=127.0.0.1", "haproxy:tcp:2121", "tls:990", "unix:/tmp/s:mode=600"]
)
def test_good(text: str) -> None:
    """A listener that can be stays as it is written."""
    assert listeners(REACTOR, text) == [text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tcp:2199:intrface=x", r"tcp knows no intrface= \(did you mean interface\?\)"),
        ("ssl:990:privatekey=a", r"did you mean privateKey\?"),
        ("ssl:990:privateKey=/nosuch.pem", r"/nosuch\.pem: No such file"),
        ("tpc:2121", r"'tpc' \(did you mean tcp\?\)"),
        ("haproxy:2121", "behind haproxy:|no kind"),
        ("haproxy:tls:990", "write haproxy:tcp:PORT"),
        ("tcp6:2121:interface=::1", "colon"),
        ("systemd:domain=INET:index=0", "systemd passed no such socket"),
        ("unix:", "write unix:"),
        ("stdio:", "nobody can connect to stdio"),
        ("tls:abc", "no port from 0 to 65535"),
    ],
)
def test_bad(text: str, told: str) -> None:
    """What can be none says what is wrong with it."""
    with pytest.raises(ValueError, match=told):
        listeners(REACTOR, text)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EADDRINUSE, "x"), "--port=21: in use; .*--port=NUMBER"),
        (OSError(errno.EACCES, "x"), "--port=21: .*may not listen there; .*CAP_NET_BIND_SERVICE"),
        (OSError(errno.EADDRNOTAVAIL, "x"), r"192\.0\.2\.1 is no address of this machine"),
        (socket.gaierror(-2, "x"), r"192\.0\.2\.1 is no address of this machine"),
        (OSError(errno.EAFNOSUPPORT, "No such family"), "--port=21: No such family"),
        (OSError("x"), "--port=21: nothing can listen there"),
    ],
)
def test_whyNot(error: OSError, told: str) -> None:
    """What the system says is told with the remedy."""
    assert re.search(told, whyNot(CannotListenError("192.0.2.1", 21, error)))


def test_whyNotThere() -> None:
    """A Unix socket's path is told as it was written, and not as Python writes bytes."""
    taken = CannotListenError(None, b"/run/a", OSError(errno.EADDRINUSE, "x"))
    assert whyNot(taken) == (
        "--port=unix:/run/a: something is there already; remove it, or choose another with"
        " --port=unix:PATH"
    )
    lock = FileNotFoundError(errno.ENOENT, "No such file or directory", "x", None, b"/no/a.lock")
    assert whyNot(lock) == (
        "--port: /no/a.lock: No such file or directory; name a socket in a directory where this"
        " user may write"
    )
    assert whyNot(OSError(errno.ENOTSOCK, "Not a socket")).startswith("--port: Not a socket; ")


@pytest.mark.parametrize(
    ("listener", "said"),
    [
        ("tcp:21", "port 21"),
        (r"tcp6:21:interface=\:\::backlog=1024", "port 21"),
        ("tcp:port=2121:interface=127.0.0.1", "127.0.0.1:2121"),
        (r"tcp6:2121:interface=\:\:1", "[::1]:2121"),
        ("tls:990:backlog=1024", "tls:990"),
        ("haproxy:tcp:2121", "haproxy:tcp:2121"),
        ("tcp:21:unknown=1", "tcp:21:unknown=1"),
        ("unix:/run/ftp", "unix:/run/ftp"),
    ],
)
def test_readable(listener: str, said: str) -> None:
    """Where senders connect, in words that need no knowledge of endpoint strings."""
    assert readable(listener) == said
