"""
A print server that speaks LPD and does what a test tells it, made of behaviours of a raw printer.
"""

from __future__ import annotations

from tests.support.caller import Caller
from tests.support.rawprinter import Behaviour, RawPrinter

YES = b"\0"


class LPDPrinter(RawPrinter):
    """
    A raw printer with the device URI of a queue.

    Its first connection is the gateway's look at it, if the size of the job is not announced.
    """

    def uri(self, *options: str) -> str:
        """
        The queue's device URI, with options such as C{spool-limit=1000}.
        """
        query = "?" + "&".join(options) if options else ""
        return f"lpd://{self.host}:{self.port}/raw{query}"


def agree(caller: Caller) -> int:
    """
    Say yes to everything up to the data file.

    @return: how many octets it will have; -1: the caller left before.
    """
    while line := _line(caller):
        caller.say(YES)
        if line.startswith(b"\3"):
            return int(line[1:].split()[0])
        if line.startswith(b"\2") and b"cf" in line:
            caller.readUntil(caller.received + int(line[1:].split()[0]) + 1)
            caller.say(YES)
    return -1


def _line(caller: Caller) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (octet := caller.read(1)):
        line += octet
    return line if line.endswith(b"\n") else b""


def takes(before: Behaviour, say: bytes = YES) -> Behaviour:
    """
    Do something when the data file begins, read all of it, and answer so.
    """

    def behave(caller: Caller) -> None:
        size = agree(caller)
        if size >= 0:
            whole = caller.received + size + 1
            before(caller)
            caller.readUntil(whole)
            caller.say(say)
            caller.readAll()

    return behave


def good(caller: Caller) -> None:
    """
    Take jobs.
    """
    takes(lambda _: None)(caller)


def leavesWithoutTheLast(caller: Caller) -> None:
    """
    Read the whole job, and leave without a word.
    """
    size = agree(caller)
    if size >= 0:
        caller.readUntil(caller.received + size + 1)
