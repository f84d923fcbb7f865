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
    "text", ["tls:printer:9100", "ssl:printer:9100", "TLS:host=printer:port=1"]
)
def test_withoutOpenSSL(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing for TLS is said, and how to get it; others need it not."""
    monkeypatch.setattr(endpoint, "available", lambda: False)
    reactor: Any = MemoryReactorClock()
    with pytest.raises(ValueError, match=r"TLS needs pyOpenSSL; pip install 'jetdirect\[tls\]'"):
        clientEndpoint(reactor, text)
    assert clientEndpoint(reactor, "tcp:printer:9100")
