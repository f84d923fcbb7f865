"""
From a device URI to a transport: what is put around it, and in which order.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock

from jetdirect.interfaces import IPrinterTransport
from jetdirect.options import uriOption
from jetdirect.testing import FakePrinter
from jetdirect.transports import build
from jetdirect.transports.build import transportFor
from jetdirect.transports.policy import PJLPolicy
from jetdirect.transports.scheme import PrinterScheme


def layers(transport: Any) -> list[str]:
    """The kinds of transports, from the outside in."""
    found = []
    while transport is not None:
        found.append(type(transport).__name__)
        transport = getattr(transport, "_inner", None)
    return found


def test_order() -> None:
    """All that may be around a transport, from the policy on the outside to PJL."""
    uri = "socket://printer?prolog=x&gap=3&snmp=on&pjl=on"
    transport = transportFor(MemoryReactorClock(), uri, PJLPolicy.REFUSE)
    wrappers = ["PolicedTransport", "DressedTransport", "GapTransport", "SNMPTransport"]
    assert layers(transport) == [*wrappers, "PJLTransport", "SocketTransport"]


def test_nothing() -> None:
    """A URI without options is its scheme's transport, and nothing around it."""
    assert layers(transportFor(MemoryReactorClock(), "socket://printer")) == ["SocketTransport"]


def test_optionOfAPlugin(monkeypatch: Any) -> None:
    """A plugin may have an option C{pjl} of its own."""
    scheme = PrinterScheme("paper", "paper:", f"{__name__}.paper", [uriOption("pjl", "on or off")])
    monkeypatch.setattr(build, "schemes", lambda: {"paper": scheme})
    assert layers(transportFor(MemoryReactorClock(), "paper:tray?pjl=on")) == ["FakePrinter"]


def paper(reactor: object, uri: object) -> IPrinterTransport:
    """The plugin's transport."""
    return FakePrinter()
