"""
What the operator of a simulated gateway has set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from jetdirect.ftp.settings import DRAIN_TIMEOUT, SessionSettings

from .secure import certificate

FIRST_PASSIVE = 30000


@dataclass(frozen=True)
class Switches:
    """
    As the words on the command line; the defaults are jetdirect's own.

    @ivar tls: there is a certificate.
    """

    grace: float = 0.0
    fireAndForget: bool = False
    maxJobBytes: int | None = None
    dataIdle: float | None = None
    drain: float = DRAIN_TIMEOUT
    passivePorts: Sequence[int] = ()
    tls: bool = False
    lenient: bool = False

    @classmethod
    def draw(cls, random: Random) -> Switches:
        """Most of them stay as they are, so that each is seen alone and with others."""
        ports = random.choice([0, 0, 0, 0, 0, 0, 0, 1, 2, 5])
        return cls(
            grace=random.choice([0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 1.0]),
            fireAndForget=random.random() < 0.15,
            maxJobBytes=random.choice([None, None, None, None, None, None, 200, 4000, 60000]),
            dataIdle=random.choice([None, None, None, None, None, None, 0.0, 3.0, 20.0, 2000.0]),
            drain=random.choice([DRAIN_TIMEOUT, DRAIN_TIMEOUT, 0.0, 0.3, 5.0]),
            passivePorts=range(FIRST_PASSIVE, FIRST_PASSIVE + ports),
            tls=random.random() < 0.05,
            lenient=random.random() < 0.4,
        )

    def settings(self, idle: float, maxSessions: int) -> SessionSettings:
        """As jetdirect takes them, with two that every seed has."""
        return SessionSettings(
            idleTimeout=idle,
            dataIdleTimeout=self.dataIdle,
            maxSessions=maxSessions,
            controlLossGrace=self.grace,
            fireAndForget=self.fireAndForget,
            drainTimeout=self.drain,
            passivePorts=self.passivePorts,
            certificate=certificate() if self.tls else None,
            lenientClose=self.lenient,
        )


def asItIs(data: bytes, whole: bool) -> bytes:
    """A printer whose jobs are not dressed gets them as they are."""
    return data


@dataclass(frozen=True)
class Dress:
    """
    What one printer's URI puts around and into its jobs.

    @ivar query: the options, as they are written there.
    @ivar dressed: what the printer must have got after so many bytes of a job; the second argument
        says whether they are all.  No code is shared with jetdirect.
    """

    query: tuple[str, ...] = ()
    dressed: Callable[[bytes, bool], bytes] = asItIs

    @classmethod
    def draw(cls, random: Random) -> Dress:
        """Four of five printers get their jobs as they are."""
        if random.random() < 0.8:
            return cls()
        before = random.choice([b"", b"", b"\x1bE", b"%!\n", b"\x1b%-12345X@PJL\r\n"])
        after = random.choice([b"", b"", b"\x1bE", b"\x04", b"showpage\n"])
        feed = random.random() < 0.3
        newlines = random.random() < 0.4
        query = [f"prolog={quote(before)}"] * bool(before)
        query += [f"epilog={quote(after)}"] * bool(after)
        query += ["form-feed=on"] * feed + ["newlines=crlf"] * newlines
        after += b"\f" * feed

        def dressed(data: bytes, whole: bool) -> bytes:
            if not data:
                return b""
            if newlines:
                data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            return before + data + (after if whole else b"")

        return cls(tuple(query), dressed)
