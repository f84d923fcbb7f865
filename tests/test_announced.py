"""
The address that PASV announces: looked up when it is needed, seldom, and without standing still.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from jetdirect.ftp.announced import MISSED, PATIENCE, REMEMBERED, AnnouncedAddress, UnknownAddress

NAME = "gw.example"


class Names(Clock):
    """A clock, and a resolver that answers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = self
        self.asked: list[str] = []
        self.waiting: list[Any] = []

    def resolveHostName(self, receiver: Any, name: str, **more: Any) -> Any:
        """L{IHostnameResolver}."""
        assert more == {"addressTypes": [IPv4Address]}
        self.asked.append(name)
        self.waiting.append(receiver)
        return receiver

    def answer(self, *addresses: str) -> None:
        """The resolver has found these."""
        receiver = self.waiting.pop(0)
        for each in addresses:
            receiver.addressResolved(IPv4Address("TCP", each, 0))
        receiver.resolutionComplete()


def found(address: AnnouncedAddress) -> list[str | BaseException | None]:
    """Where the answer will be."""
    told: list[str | BaseException | None] = []

    def failed(failure: Failure) -> None:
        told.append(failure.value)

    Deferred.fromCoroutine(address.find()).addCallbacks(told.append, failed)
    return told


@pytest.mark.parametrize("text", ["203.0.113.7", ""])
def test_known(text: str) -> None:
    """An address, and none, need no lookup, ever."""
    names: Any = Names()
    address = AnnouncedAddress(names, text)
    names.advance(10 * REMEMBERED)
    assert address.known == text
    assert found(address) == [text]
    assert not names.asked


def test_lookUp() -> None:
    """A name is looked up, once for all that wait, and remembered for a while."""
    names: Any = Names()
    address = AnnouncedAddress(names, NAME)
    assert not names.asked
    assert address.known is None
    one, other = found(address), found(address)
    assert names.asked == [NAME]
    names.answer("203.0.113.7", "203.0.113.8")
    assert one == other == ["203.0.113.7"]
    assert address.known == "203.0.113.7"
    assert not names.getDelayedCalls()
    names.advance(REMEMBERED - 1)
    assert address.known == "203.0.113.7"
    names.advance(1)
    assert address.known is None
    again = found(address)
    names.answer("203.0.113.9")
    assert again == ["203.0.113.9"]


def test_unknown() -> None:
    """A name without an address is an error, a line of log, and not asked for at once again."""
    names: Any = Names()
    address = AnnouncedAddress(names, NAME)
    with capturedLogs() as logged:
        told = found(address)
        names.answer()
    [line] = [formatEvent(event) for event in logged]
    assert f"--passive-address={NAME}" in line and "no IPv4 address" in line
    assert isinstance(told[0], UnknownAddress)
    assert isinstance(found(address)[0], UnknownAddress)
    names.advance(MISSED)
    later = found(address)
    assert names.asked == [NAME] * 2
    names.answer("203.0.113.7")
    assert later == ["203.0.113.7"]


def test_noAnswer() -> None:
    """A resolver that does not answer is waited for ten seconds; its answer may come later."""
    names: Any = Names()
    address = AnnouncedAddress(names, NAME)
    with capturedLogs() as logged:
        told = found(address)
        names.advance(PATIENCE)
    assert isinstance(told[0], UnknownAddress)
    assert "no answer within 10 s" in formatEvent(logged[0])
    names.answer("203.0.113.7")
    assert not names.getDelayedCalls()
    names.advance(MISSED)
    again = found(address)
    names.answer("203.0.113.8")
    assert again == ["203.0.113.8"]


@pytest.mark.parametrize(("text", "asked"), [("", []), ("203.0.113.7", []), (NAME, [NAME])])
def test_prepare(text: str, asked: list[str]) -> None:
    """A name is looked up at the start, when the log can say that nobody knows it."""
    names: Any = Names()
    with capturedLogs() as logged:
        AnnouncedAddress(names, text).prepare()
        assert names.asked == asked
        for _ in asked:
            names.answer()
    assert [f"--passive-address={NAME}" in str(formatEvent(each)) for each in logged] == [
        True for _ in asked
    ]
