"""
Where C{--web} listens: nowhere but on this machine.
"""

from __future__ import annotations

import errno
import socket

import pytest
from twisted.internet.error import CannotListenError

from jetdirect.listeners import whyNot
from jetdirect.web.places import exposure, isThere, places


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tcp:8631:interface=127.0.0.1", ["tcp:8631:interface=127.0.0.1"]),
        ("tcp:port=8631:interface=127.8.9.1", ["tcp:8631:interface=127.8.9.1"]),
        (r"tcp6:8631:interface=\:\:1", [r"tcp6:8631:interface=\:\:1"]),
        ("unix:/run/jetdirect/control", ["unix:/run/jetdirect/control:mode=660"]),
        ("unix:address=/run/x", ["unix:/run/x:mode=660"]),
        ("unix:control", ["unix:/etc/jetdirect/control:mode=660"]),
        (r"unix:/run/a\:b", [r"unix:/run/a\:b:mode=660"]),
        ("tcp:8631", ["tcp:8631"]),
        ("tls:8631", ["tls:8631"]),
        ("tls:port=8631:interface=192.0.2.1", ["tls:8631:interface=192.0.2.1"]),
    ],
)
def test_place(text: str, found: list[str]) -> None:
    """A loopback address, or a Unix socket that the owner and the group may use."""
    assert places(text, "/etc/jetdirect") == found


def test_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare number is that port of both loopback addresses, where there are two."""
    four, six = "tcp:8631:interface=127.0.0.1", r"tcp6:8631:interface=\:\:1"
    assert places("8631") in ([four], [four, six])

    def no(*arguments: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "no IPv6")

    monkeypatch.setattr(socket, "socket", no)
    assert places("8631") == [four]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp:8631:interface=127.0.0.1:interface=0.0.0.0", "interface=0.0.0.0 is not understood"),
        ("tcp:x:interface=127.0.0.1", "no port from 0 to 65535"),
        ("tcp:8631:backlog=5", "backlog=5 is not understood"),
        ("70000", "no port from 0 to 65535"),
        ("unix:", "a path is missing"),
        ("unix:/run/x:mode=666", "unix: takes a path and nothing else"),
        ("haproxy:tcp:8631:interface=127.0.0.1", "no place for a page or a command"),
        ("systemd:domain=INET:index=0", "no place for a page or a command"),
    ],
)
def test_noPlace(text: str, why: str) -> None:
    """Any other is refused in one sentence that ends with the remedy."""
    with pytest.raises(ValueError, match=why) as refused:
        places(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "place",
    [
        "tcp:8631",
        "tcp:8631:interface=0.0.0.0",
        r"tcp6:8631:interface=\:\:",
        "tcp:8631:interface=192.0.2.1",
        "tcp:8631:interface=localhost",
        "tls:8631",
    ],
)
def test_exposed(place: str) -> None:
    """Where others can connect they have to prove who they are, and nobody may read that."""
    assert exposure(place, False, False).startswith("not a loopback address")
    assert exposure(place, False, True).startswith("not a loopback address")
    clear = exposure(place, True, False)
    assert clear.startswith("passwords would cross the network in clear") != (place == "tls:8631")
    assert exposure(place, True, True) == ""


@pytest.mark.parametrize(
    "place", ["tcp:8631:interface=127.0.0.1", r"tcp6:8631:interface=\:\:1", "unix:/run/x:mode=660"]
)
def test_notExposed(place: str) -> None:
    """On this machine nobody has to."""
    assert exposure(place, False, False) == ""


def test_whyNot() -> None:
    """What cannot be listened at is called by the option that said it."""
    taken = OSError(errno.EADDRINUSE, "in use")
    here = CannotListenError("127.0.0.1", 8631, taken)
    assert whyNot(here, places("8631")).startswith("--web=8631: in use;")
    assert whyNot(here).startswith("--port=8631: in use;")
    file = CannotListenError(None, b"/run/x", taken)
    assert whyNot(file, places("unix:/run/x")).startswith("--web=unix:/run/x: something is there")
    lock = FileNotFoundError(errno.ENOENT, "No such file", "x", None, b"/no/a.lock")
    assert whyNot(lock, places("unix:/no/a")).startswith("--web: /no/a.lock: No such file;")
    assert whyNot(lock, places("unix:/no/b")).startswith("--port: ")
    assert not isThere(OSError(errno.EACCES, "no"), places("8631"))
