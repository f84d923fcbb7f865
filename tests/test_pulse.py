"""
Whether the peer of a connection lives, and whether anything moves.
"""

from __future__ import annotations

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock

from jetdirect.net.facts import Silence, factsOf
from jetdirect.net.pulse import DEAD_AFTER_PROBES, DEAD_AFTER_SECONDS, Pulse
from jetdirect.testing import MemoryWire


class Peer:
    """
    A connection that is looked at every half second.

    @ivar wire: C{inFlight} are the bytes that its peer has not acknowledged, C{silent} is what the
        kernel knows of its silence.
    """

    def __init__(self) -> None:
        self.wire, self.clock = MemoryWire(Protocol()), Clock()
        self.wire.inFlight = 12
        self.pulse = Pulse(factsOf(self.wire), self.clock)

    def advance(self, seconds: float, unanswered: int, acknowledged: bool = False) -> bool:
        """Let time pass in silence, with so many probes unanswered.  @return: is it dead?"""
        for step in range(int(2 * seconds)):
            self.clock.advance(0.5)
            self.wire.silent = Silence(unanswered, 0.5 * (step + 1))
            if acknowledged:
                self.wire.inFlight += 1
            dead = self.pulse.dead()
        return dead


def test_dead() -> None:
    """A peer that answers nothing for half a minute is gone, and not a moment before."""
    peer = Peer()
    assert not peer.advance(DEAD_AFTER_SECONDS - 0.5, DEAD_AFTER_PROBES)
    peer = Peer()
    assert peer.advance(DEAD_AFTER_SECONDS, DEAD_AFTER_PROBES)


def test_fewProbes() -> None:
    """One that was hardly asked is waited for."""
    assert not Peer().advance(10 * DEAD_AFTER_SECONDS, DEAD_AFTER_PROBES - 1)


def test_nothingOwed() -> None:
    """One that owes no answer is not silent, and the time of that does not count later."""
    peer = Peer()
    peer.wire.inFlight = 0
    assert not peer.advance(10 * DEAD_AFTER_SECONDS, DEAD_AFTER_PROBES)
    peer.wire.inFlight = 12
    assert not peer.advance(DEAD_AFTER_SECONDS - 0.5, DEAD_AFTER_PROBES)
    assert peer.pulse.silent() <= DEAD_AFTER_SECONDS - 0.5


def test_still() -> None:
    """It counts from the last acknowledgement that was seen, or from where it was told to."""
    peer = Peer()
    peer.advance(10, 0)
    assert peer.pulse.still() == 0  # the first look, before which nothing is known
    peer.advance(10, 0)
    assert peer.pulse.still() == 10
    peer.pulse.mark()
    peer.advance(3, 0)
    assert peer.pulse.still() == 3
    peer.wire.inFlight = 5
    assert peer.pulse.still() == 0
    peer.advance(2, 0)
    peer.pulse.mark(look=False)
    peer.advance(4, 0)
    assert peer.pulse.still() == 0


def test_lateReactor() -> None:
    """A reactor that stood still does not know for how long a peer has owed it an answer."""
    wire, clock = MemoryWire(Protocol()), Clock()
    wire.inFlight, wire.silent = 12, Silence(3, 40.0)
    pulse = Pulse(factsOf(wire), clock)
    clock.advance(40)
    looks = 0
    while not pulse.dead():
        clock.advance(0.5)
        looks += 1
    assert looks == 2 * DEAD_AFTER_SECONDS
