"""
Client endpoint strings: what is read, and that an error speaks of what was typed.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import MemoryReactorClock

from jetdirect.transports import endpoint
from jetdirect.transports.build import transportFor
from jetdirect.transports.endpoint import clientEndpoint

REMEDY = "; write one such as endpoint:tls:host=printer:port=9100"


@pytest.mark.parametrize("text", ["tcp:printer:9100", "tcp:host=printer:port=9100", "unix:/run/lp"])
def test_read(text: str) -> None:
    """Twisted's strings are read by Twisted."""
    reactor: Any = MemoryReactorClock()
    assert IStreamClientEndpoint.providedBy(clientEndpoint(reactor, text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no kind of endpoint is called ''"),
        ("tcp", "host= is missing"),
        ("tls:", "port= is missing"),
        ("tls:host=a", "port= is missing"),
        ("tcp:host=a", "port= is missing"),
        ("tcp:host=a:port=b", "the port is a number"),
        ("tls:a:b", "the port is a number"),
        ("nonsense:x", "no kind of endpoint is called 'nonsense'"),
        ("tcp:a:9100:colour=red", "it has no colour="),
        ("unix", "path= is missing"),
    ],
)
def test_wrong(text: str, reason: str) -> None:
    """What is wrong is told in the words of the string, and one that is right is shown."""
    if text.startswith("tls"):
        pytest.importorskip("OpenSSL")
    with pytest.raises(ValueError) as caught:
        transportFor(MemoryReactorClock(), f"endpoint:{text}")
    said = str(caught.value)
    assert said.endswith(REMEDY), said
    for python in ("argument", "_parse", "literal", "NoneType", "()"):
        assert python not in said
    assert f"({reason})" in said, said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tcp:host=192.0.2.300:port=9100", "'192.0.2.300' is not an IPv4 address"),
        ("tcp:host=fd00::7:port=9100", r"write a backslash, as in host=fd00\:\:7"),
        ("tcp:host=a:host=b:port=9100", "host= is given twice"),
        ("tcp:a:9100:bindAddress=here", "bindAddress=here: expected an address"),
        ("unix:", "path= is missing"),
        (r"tcp:host=fe80\:\:1:port=9100", "name the network interface"),
        ("tcp:host=:port=9100", "host= is missing"),
        ("tcp:a:9100:timeout=0", "timeout=0: expected whole seconds"),
        ("unix:/a:timeout=-3", "timeout=-3: expected whole seconds"),
    ],
)
def test_whatCannotWork(text: str, reason: str) -> None:
    """Twisted takes it, and no job would ever print."""
    with pytest.raises(ValueError) as caught:
        transportFor(MemoryReactorClock(), f"endpoint:{text}")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("tcp:printer:9100", "printer"),
        ("TLS:port=9100:host=printer", "printer"),
        ("tcp:port=9100:printer", "printer"),
        (r"tcp:fd00\:\:7:9100", "fd00::7"),
        ("unix:/run/lp", ""),
        ("somebodys:host=printer", ""),
    ],
)
def test_host(text: str, host: str) -> None:
    """The host is found by its place and by its name."""
    assert endpoint.hostOf(text) == host


@pytest.mark.parametrize(
    "text", ["tls:printer:9100", "ssl:printer:9100", "TLS:host=printer:port=1"]
)
def test_withoutOpenSSL(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing for TLS is said, and how to get it; others need it not."""
    monkeypatch.setattr(endpoint, "available", lambda: False)
    reactor: Any = MemoryReactorClock()
    with pytest.raises(ValueError, match=r"TLS needs pyOpenSSL; pip install 'jetdirect\[tls\]'"):
        clientEndpoint(reactor, text)
    assert clientEndpoint(reactor, "tcp:printer:9100")
