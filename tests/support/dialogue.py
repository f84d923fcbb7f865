"""
What a sender says to a gateway in memory, and hears: an upload, a listing, a word.
"""

from __future__ import annotations

import re
from typing import Any

from jetdirect.testing import FakePrinter, FakeSender, MemoryWire
from tests.support.memory import MemoryGateway, codes

PAGE = b"%!PS\r\n\x00\xff\n\x1b%-12345X showpage\r"


def two(**settings: Any) -> MemoryGateway:
    """A gateway in memory with two printers."""
    return MemoryGateway(FakePrinter(), FakePrinter(), **settings)


def said(sender: FakeSender, *commands: str) -> list[int]:
    """The codes of the replies to some commands, said one after the other."""
    return [code for command in commands for code in codes(sender.say(command))]


def where(sender: FakeSender) -> str:
    """The current directory, as PWD quotes it."""
    found = re.match(r'257 "((?:[^"]|"")*)" ', sender.say("PWD"))
    assert found is not None
    return found[1]


def fetched(sender: FakeSender, command: str) -> list[str]:
    """The lines of a listing."""
    sender.passive()
    assert said(sender, command) == [150, 226]
    assert sender.data is not None and not sender.data.connected
    text = sender.data.said().decode()
    assert not text or text.endswith("\r\n")
    return text.split("\r\n")[:-1]


def stored(sender: FakeSender, name: str, data: bytes = PAGE, verb: str = "STOR") -> None:
    """A good upload."""
    assert codes(sender.upload(name, data, verb)) == [150, 226]


def pouring(sender: FakeSender, part: bytes = b"%!PS") -> MemoryWire:
    """An upload that goes on; its data connection."""
    assert codes(sender.begin("going.ps")) == [150]
    assert sender.data is not None
    sender.data.receive(part)
    return sender.data
