"""
What can go wrong with a printer on TCP, mostly as behaviours of a raw printer.
"""

from __future__ import annotations

import socket
import threading

from tests.support.caller import Caller
from tests.support.peer import Printer
from tests.support.rawprinter import Behaviour


def slow(chunk: int, pause: float) -> Behaviour:
    """
    Read a chunk, do nothing for a while, and so on to the end.
    """

    def behave(caller: Caller) -> None:
        while caller.read(chunk):
            caller.pause(pause)

    return behave


def finAfter(count: int) -> Behaviour:
    """
    Say good-bye after so many bytes, though still reading what comes.
    """

    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        caller.finish()
        caller.readAll()

    return behave


def leavesAfter(count: int) -> Behaviour:
    """
    Say good-bye after so many bytes and read no more.
    """

    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        caller.finish()
        caller.waitForever()

    return behave


def resetAfter(count: int) -> Behaviour:
    """
    Break the connection after so many bytes.
    """

    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        caller.reset()

    return behave


def resetAfterEnd(caller: Caller) -> None:
    """
    Read everything to the end of the job, then break the connection.
    """
    caller.readAll()
    caller.reset()


def neverCloses(caller: Caller) -> None:
    """
    Read everything, then keep the connection open.
    """
    caller.readAll()
    caller.waitForever()


def neverReads(caller: Caller) -> None:
    """
    Take the connection and nothing else.
    """
    caller.waitForever()


def pausedAfter(count: int, gate: threading.Event) -> Behaviour:
    """
    Stop reading after so many bytes, as without paper, and go on when the gate is opened.
    """

    def behave(caller: Caller) -> None:
        caller.readUntil(count)
        caller.waitFor(gate)
        caller.readAll()

    return behave


def talking(first: bytes, last: bytes) -> Behaviour:
    """
    Print well, and send status text when the job begins and when it has ended.
    """

    def behave(caller: Caller) -> None:
        caller.say(first)
        caller.readAll()
        caller.say(last)

    return behave


class NoPrinter(Printer):
    """
    A port that is nobody's: who connects is refused.

    It is bound all the time, so that nobody else can get it meanwhile.
    """

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self._holder = socket.socket()
        self._holder.bind((self.host, 0))
        self.port = self._holder.getsockname()[1]

    def stop(self) -> None:
        """
        Give the port back.
        """
        self._holder.close()
