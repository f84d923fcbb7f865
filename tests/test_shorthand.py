"""
What people type instead of a device URI.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.transports.build import transportFor
from jetdirect.transports.shorthand import spelledOut
from jetdirect.uri import parse


@pytest.mark.parametrize(
    "host",
    [
        "printer",
        "printer:9101",
        "laser.example.com",
        "192.0.2.7:9100",
        "[2001:db8::7]:9100",
        "a?b=c",
    ],
)
def test_host(host: str) -> None:
    """A host, with or without a port and options, is a printer on its raw port."""
    assert spelledOut(host) == f"socket://{host}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "socket://printer",
        "file:jobs",
        "printer:",
        "printer:raw",
        "bob:sesame@printer",
        "bob@printer",
        "a printer",
        "printer/queue",
        "::1",
    ],
)
def test_anythingElse(text: str) -> None:
    """What is no plain host is left to be a device URI, or to be wrong as one."""
    assert spelledOut(text) == text


@pytest.mark.parametrize(
    ("device", "scheme"),
    [
        ("/dev/lp0", "parallel"),
        ("/dev/usb/lp3", "usb"),
        ("/dev/ttyS7", "serial"),
        ("/dev/ttyUSB0", "serial"),
        ("/dev/serial/by-id/usb-printer", "serial"),
        ("/dev/rfcomm0", "serial"),
    ],
)
def test_deviceThatIsNotThere(device: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is not plugged in is known by its name."""

    def missing(path: str) -> Any:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "stat", missing)
    assert spelledOut(f"{device}?baud=9600") == f"{scheme}:{device}?baud=9600"


@pytest.mark.parametrize(
    ("major", "scheme"), [(6, "parallel"), (180, "usb"), (4, "serial"), (188, "serial")]
)
def test_deviceByItsNumber(major: int, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is there is known by its number, whatever its name."""
    device = SimpleNamespace(st_mode=0o20660, st_rdev=os.makedev(major, 64))
    monkeypatch.setattr(os, "stat", lambda path: device)
    assert spelledOut("/dev/printer") == f"{scheme}:/dev/printer"


@pytest.mark.parametrize("device", ["/dev/null", "/dev/nothing-of-the-kind"])
def test_deviceOfNoKind(device: str) -> None:
    """A device that cannot be a printer, or not be known for one, needs its scheme."""
    with pytest.raises(ValueError, match=f"write parallel:{device}, usb:{device} or serial"):
        spelledOut(device)


def test_asPrinter() -> None:
    """A bare host is a printer like the URI that it stands for."""
    transport = transportFor(MemoryReactorClock(), "192.0.2.7?description=Ward+3")
    assert (transport.uri, transport.description) == ("socket://192.0.2.7:9100", "Ward 3")


@pytest.mark.parametrize("separator", ["+", "&"])
def test_separatorOfSerialOptions(separator: str) -> None:
    """CUPS writes a plus sign between the options of a serial line."""
    query = separator.join(["baud=9600", "bits=8", "description=a+b"])
    options = {"baud": "9600", "bits": "8", "description": "a b"}
    assert parse(f"serial:/dev/ttyS0?{query}").options == options
