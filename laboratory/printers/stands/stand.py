"""
What all stands are.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.peer import PATIENCE, Peer


class Stand(Peer):
    """
    A printer with a fault, for one job.

    @ivar uri: its device URI.
    @ivar paper: set when a printer without paper gets some, and when one that leaves is to do so.
    @ivar announced: whether its jobs are sent with ALLO.
    @ivar spools: whether nothing reaches it before the sender has sent all.
    """

    uri: str
    announced = False
    spools = False

    def __init__(self) -> None:
        self.paper = threading.Event()

    def ready(self) -> None:
        """
        The gateway runs, the job is to come: do now what cannot be done before.
        """

    @abstractmethod
    def got(self) -> bytes:
        """
        What has reached the printer so far, of all jobs.
        """

    def unplug(self) -> None:
        """
        In mid-job; those whose printer does it itself have nothing to do.
        """

    def waitForBytes(self, count: int) -> None:
        """
        Wait until at least so much has reached it.
        """
        until(lambda: len(self.got()) >= count, f"{count} bytes")

    @abstractmethod
    def settle(self) -> None:
        """
        After the reply: wait until it has read what it will.
        """


@dataclass(frozen=True)
class Kind:
    """
    A transport.

    @ivar name: as in the table.
    @ivar make: a stand with a fault; the directory is its own, the host its address.
    @ivar without: the faults that it cannot have, each with the reason.
    @ivar before: for faults of the gateway's own machine: what comes before its command line.
    """

    name: str
    make: Callable[[str, Path, str], Stand]
    without: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)


def until(fact: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """
    Look again and again until something is so.

    @raise AssertionError: it is not.
    """
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"no {what}"
        time.sleep(0.005)
