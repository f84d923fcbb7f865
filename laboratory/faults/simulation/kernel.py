"""
One end of a TCP connection, as the kernel of its machine keeps it.

Bounded buffers on both sides, segments of any size, acknowledgements that travel, FIN, RST, zero
windows, cables that are pulled.  It has the methods of a non-blocking L{socket.socket} that Twisted
uses, so that Twisted's own transports run on it.
"""

from __future__ import annotations

import errno
import math
import socket
import struct
from collections.abc import Callable
from typing import Any

from jetdirect.net.facts import Silence

from .network import Changes, Host, Network

_FIRST_RETRANSMISSION = 0.2
"""Seconds, doubling with each one (Linux: TCP_RTO_MIN)."""

_GIVEN_UP_AFTER = 924.0
"""Seconds of unanswered retransmissions (Linux: tcp_retries2 = 15)."""


class End:
    """
    @ivar peer: the other end.
    @ivar number: its descriptor; they grow, in the order in which things are opened.
    @ivar far: the machine at the outer end of the cable that this connection uses.
    @ivar label: what the trace calls it.
    @ivar received: bytes that arrived and were not read yet.
    @ivar lowWater: SO_RCVLOWAT: fewer bytes than this are not told.
    @ivar held: from when to when bytes were there and were not told, in seconds.
    @ivar finArrived: the step at which the peer's FIN arrived.
    @ivar failed: the step at which the connection broke: a RST arrived, or the kernel gave up.
    @ivar finSent: the step at which the local program ended its direction.
    @ivar closed: the step at which the local program closed its descriptor.
    @ivar changes: anything about this end.
    @ivar closedAt: the same in seconds.
    @ivar used: a program has made a transport of it: C{transport}, if it is the gateway.
    @ivar taken: all bytes that ever arrived, if somebody wants to know.
    @ivar acknowledged: how many bytes the peer's kernel is known to have taken.
    @ivar arrivedAt: when bytes last arrived, in seconds; L{None}: never.
    @ivar endedAt: when the peer's end was there, in order or not; L{None}: it was not.
    @ivar failedAt: when the connection broke.
    @ivar settledAt: when the peer last acknowledged something.
    @ivar forgetsAfter: seconds after which its kernel forgets a connection that its program has
        closed and the peer has not (Linux: tcp_fin_timeout, 60; small stacks: less); 0: never.
    @ivar forgotten: it has; what comes now is answered by a RST.
    @ivar goodbye: its program has said QUIT, in clear, and may end its direction.
    @ivar talkedOn: it has said, or tried to say, something behind that: its FIN may be a loss.
    @ivar bareHangUp: a reset is told as a hang-up without anything to read, which is how epoll has
        it between two steps of the kernel; L{None}: not decided yet.
    """

    peer: End

    def __init__(self, network: Network, far: Host, label: str, here: str, port: int) -> None:
        random = network.random
        self.network = network
        self.far = far
        self.label = label
        self.host, self.port = here, port
        self.segment = random.choice([1460, 1460, 8192, 32768, 65536])
        self.sendBuffer = random.choice([4096, 16384, 65536, 262144])
        self.receiveBuffer = random.choice([2048, 16384, 65536])
        self.received = bytearray()
        self.lowWater = 1
        self.held: list[tuple[float, float]] = []
        self.taken: bytearray | None = None
        self.acknowledged = 0
        self.finArrived: int | None = None
        self.failed: int | None = None
        self.finSent: int | None = None
        self.closed: int | None = None
        self.closedAt: float | None = None
        self.arrivedAt: float | None = None
        self.endedAt: float | None = None
        self.failedAt: float | None = None
        self.settledAt = network.now
        self.forgetsAfter = 0.0
        self.forgotten = False
        self.goodbye = False
        self.talkedOn = False
        self.bareHangUp: bool | None = None
        self.used = False
        self.transport: Any = None
        self.number = network.descriptor(self)
        self._heldSince: float | None = None
        self._mark: int | None = None
        self._urgent: int | None = None
        self._inline = False
        self._unsent = bytearray()
        self._inFlight = 0
        self._purged = 0
        self._finOnWire = False
        self._finAcknowledged = False
        self._error = 0
        self._linger = False
        self._keepAlive: tuple[float, float, int] | None = None
        self._arrival = 0.0
        self._heard = network.now
        self._outstanding = network.now
        self._wantsWindow = False
        self.changes = Changes(network)

    # What programs ask of a socket.

    def send(self, data: bytes | memoryview) -> int:
        """As L{socket.socket.send}."""
        self._complain()
        if self.finSent is not None:
            raise OSError(errno.EPIPE, "Broken pipe")
        room = self.room
        if room <= 0 and data:
            raise BlockingIOError(errno.EWOULDBLOCK, "Would block")
        taken = bytes(data[:room])
        if not self.unacknowledged():
            self._outstanding = self.network.now
        self._unsent += taken
        self.transmit()
        return len(taken)

    def urgent(self, byte: bytes) -> int:
        """As C{send} of one byte with MSG_OOB: it leaves a mark before it."""
        mark, taken = len(self._unsent), 0
        if self.room > 0:
            self._urgent = mark
            taken = self.send(byte)
        return taken

    def recv(self, limit: int, flags: int = 0) -> bytes:
        """As L{socket.socket.recv}; what came before a reset can still be read, as on Linux."""
        if flags & socket.MSG_PEEK:
            skipped = self._skipped
            if len(self.received) > skipped:
                return bytes(self.received[skipped : skipped + limit])
            return self.unqueue(0)
        if self._mark == 0 and self.received:
            if self._skipped:
                self._read(1)  # nobody asked for it: it is gone
            self._mark = None  # behind it
        return self.unqueue(limit)

    @property
    def _skipped(self) -> int:
        # The urgent byte, if reading has come to it and SO_OOBINLINE is not set.
        return int(self._mark == 0 and not self._inline)

    def unqueue(self, limit: int) -> bytes:
        """Read as splice(2) does: never past an urgent mark.  Errors are told once (measured)."""
        if self._mark is not None:
            limit = min(limit, self._mark)
        if self.received and limit:
            return self._read(limit)
        if self.closed is not None:
            raise OSError(errno.EBADF, "Bad file descriptor")
        if self.finArrived is None and self.failed is None:
            raise BlockingIOError(errno.EWOULDBLOCK, "Would block")
        if self.finArrived is None and self._error:
            self._complain()
        return b""

    def _read(self, limit: int) -> bytes:
        data = bytes(self.received[:limit])
        del self.received[:limit]
        if self._mark is not None:
            self._mark -= len(data)
        peer = self.peer
        if peer._unsent and not peer._wantsWindow:
            peer._wantsWindow = True
            self.network.after(self.far.latency, self.far.arrive, peer.windowOpened)
        self._noteHeld()
        return data

    def shutdown(self, how: int) -> None:
        """As L{socket.socket.shutdown}."""
        if self.failed is not None:
            raise OSError(errno.ENOTCONN, "Not connected")
        if how != socket.SHUT_RD and self.finSent is None:
            if not self.unacknowledged():
                self._outstanding = self.network.now
            self.finSent = self.network.steps
            self.network.tell(f"{self.label}: ends its direction")
            self.transmit()

    def close(self) -> None:
        """As L{socket.socket.close}: a reset, if something was unread."""
        if self.closed is not None:
            return
        self._close()
        if self.failed is None:
            if self._linger or self.received:
                self.reset()
            elif self.finSent is None:
                self.shutdown(socket.SHUT_WR)
            elif self._finAcknowledged:
                self._mayForget()
        self.changes.fire()

    def _close(self) -> None:
        if self.closed is None:
            self.closed = self.network.steps
            self.closedAt = self.network.now
            self.network.descriptors.pop(self.number, None)
            self._noteHeld()

    def reset(self) -> None:
        """Close with a RST."""
        self._close()
        if self.failed is None:
            self.network.tell(f"{self.label}: resets")
            self.failed = self.network.steps
            self._purge()
            self._sendReset(self.peer)
        self.changes.fire()

    def forget(self) -> None:
        """The machine was switched off: who asks afterwards gets a RST."""
        self._close()
        self.failed = self.failed if self.failed is not None else self.network.steps
        self.forgotten = True
        self._purge()
        self.changes.fire()

    def resetLate(self) -> bool:
        """A RST behind a FIN that has arrived; C{False}: it has not, or there is no use in it."""
        if not self._finAcknowledged or self.failed is not None or self.finArrived is not None:
            return False
        self._close()
        self._forget("resets, after its FIN")
        self._sendReset(self.peer)
        return True

    def _mayForget(self) -> None:
        if self.forgetsAfter and self.closed is not None and self.finArrived is None:
            self.network.after(self.forgetsAfter, self._isForgotten)

    def _isForgotten(self) -> None:
        if self.failed is None and self.finArrived is None:
            self._forget("is forgotten")
            self.peer.probe()

    def _forget(self, how: str) -> None:
        self.network.tell(f"{self.label}: {how}")
        self.failed, self.forgotten = self.network.steps, True
        self.changes.fire()

    def probe(self) -> None:
        """Keepalive: does the machine at the other end know of this connection?  It does not."""
        if self._keepAlive is None or self.failed is not None or self.closed is not None:
            return
        left = self._keepAlive[0] - (self.network.now - self._heard)
        if left > 0 or not self.far.plugged:
            self.network.after(max(left, self._keepAlive[1]), self.probe)
        else:
            self._resetArrived()

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """As L{socket.socket.setsockopt}, for what matters here."""
        if self.closed is not None:
            raise OSError(errno.EBADF, "Bad file descriptor")
        if (level, option) == (socket.SOL_SOCKET, socket.SO_RCVLOWAT):
            assert isinstance(value, int)
            self.lowWater = value
            self.network.gathered += value > 1
            self._noteHeld()
        elif (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            assert isinstance(value, bytes)
            self._linger = struct.unpack("ii", value) == (1, 0)
        elif (level, option) == (socket.SOL_SOCKET, socket.SO_OOBINLINE):
            self._inline = bool(value)
        elif (level, option) == (socket.SOL_SOCKET, socket.SO_KEEPALIVE):
            self._keepAlive = (self._keepAlive or (7200.0, 75.0, 9)) if value else None
            self._askIfForgotten()
        elif level == socket.IPPROTO_TCP and self._keepAlive and isinstance(value, int):
            idle, interval, probes = self._keepAlive
            if option == socket.TCP_KEEPIDLE:
                idle = float(value)
            elif option == socket.TCP_KEEPINTVL:
                interval = float(value)
            elif option == socket.TCP_KEEPCNT:
                probes = value
            self._keepAlive = idle, interval, probes
            self._askIfForgotten()

    def _askIfForgotten(self) -> None:
        if self.peer.forgotten:
            self.probe()

    def setblocking(self, _: bool) -> None:
        """As L{socket.socket.setblocking}."""

    def getsockname(self) -> tuple[Any, ...]:
        """As L{socket.socket.getsockname}."""
        return (self.host, self.port, 0, 0) if ":" in self.host else (self.host, self.port)

    def fileno(self) -> int:
        """As L{socket.socket.fileno}: a number that no real descriptor has."""
        return self.number if self.closed is None else -1

    # What polling tells.

    @property
    def room(self) -> int:
        """Bytes that the send buffer still takes."""
        return self.sendBuffer - len(self._unsent) - self._inFlight

    @property
    def readable(self) -> bool:
        """Reading would not block, and there is enough for it, or no room for more."""
        if self.finArrived is not None or self.failed is not None:
            return True
        size = len(self.received) - self._skipped
        if self.lowWater > 1:
            return size >= self.lowWater or size > self.receiveBuffer - self.peer.segment
        return size > 0

    def _noteHeld(self) -> None:
        since, now = self._heldSince, self.network.now
        silent = self.lowWater > 1 and bool(self.received) and not self.readable
        if silent and self.closed is None:
            self._heldSince = now if since is None else since
        elif since is not None:
            self.held.append((since, now))
            self._heldSince = None

    @property
    def writable(self) -> bool:
        """Writing would not block."""
        return self.room > 0 or self.failed is not None or self.finSent is not None

    @property
    def lostAt(self) -> float | None:
        """Since when the peer is gone, and not only silent behind its QUIT; L{None}: it is not."""
        return self.failedAt if self.peer.goodbye else self.endedAt

    @property
    def hungUp(self) -> bool:
        """POLLHUP: both directions are over."""
        return self.failed is not None or (self.finSent is not None and self.finArrived is not None)

    # ITCPFacts.

    @property
    def errorPending(self) -> bool:
        """POLLERR or POLLNVAL: an error that nobody was told of yet, or no descriptor."""
        return bool(self._error) or (self.failed is not None and self.closed is not None)

    def unacknowledged(self) -> int:
        """SIOCOUTQ: the FIN counts, too; and what a reset took away (measured on Linux 6.18)."""
        fin = self.finSent is not None and not self._finAcknowledged
        return len(self._unsent) + self._inFlight + self._purged + fin

    def silence(self) -> Silence:
        """TCP_INFO."""
        seconds = self.network.now - self._answered()
        if self.far.plugged:
            return Silence(0, min(seconds, 10.0) if self.unacknowledged() else seconds)
        if not self.unacknowledged():
            return Silence(self._keepAliveProbes(), seconds)
        unanswered = self.network.now - max(self.far.out, self._outstanding)
        return Silence(int(math.log2(unanswered / _FIRST_RETRANSMISSION + 1)), seconds)

    # The wire.

    def transmit(self) -> None:
        """Send what may be sent."""
        peer = self.peer
        while self.failed is None and self.far.plugged and self._unsent:
            window = peer.receiveBuffer - len(peer.received) - self._inFlight
            longest = self.segment if self._urgent is None else min(self.segment, self._urgent or 1)
            size = min(len(self._unsent), window, longest)
            if size <= 0 and peer.closed is None:
                return
            size = size if size > 0 else min(len(self._unsent), longest)
            segment = bytes(self._unsent[:size])
            del self._unsent[:size]
            self._inFlight += size
            urgent = self._urgent == 0
            if self._urgent is not None:
                self._urgent = None if urgent else self._urgent - size
            self._travel(self._urgentArrived if urgent else self._segmentArrived, segment)
        if self._unsent or self.failed is not None or not self.far.plugged:
            return
        if self.finSent is not None and not self._finOnWire:
            self._finOnWire = True
            self._travel(self._finArrivedThere)

    def windowOpened(self) -> None:
        """The peer has read something."""
        self._wantsWindow = False
        self._heard = self.network.now
        self.transmit()

    def giveUpIfDead(self) -> None:
        """The cable is out: has the kernel had enough?"""
        if self.failed is not None:
            return
        if self.unacknowledged():
            since = max(self.far.out, self._outstanding)
            dead = self.network.now - since >= _GIVEN_UP_AFTER
        else:
            dead = self._keepAlive is not None and self._keepAliveProbes() > self._keepAlive[2]
        if dead:
            self.network.tell(f"{self.label}: the kernel gives up")
            self._fail(errno.ETIMEDOUT)

    def _keepAliveProbes(self) -> int:
        if self._keepAlive is None:
            return 0
        idle, interval, _ = self._keepAlive
        return max(0, int((self.network.now - self._answered() - idle) / interval + 1))

    def _answered(self) -> float:
        # When the other machine was last heard of: one that is there answers each probe.
        if self._keepAlive is None:
            return self._heard
        idle = self._keepAlive[0]
        there = self.network.now if self.far.plugged else self.far.out
        return self._heard + max(0, int((there - self._heard) / idle)) * idle

    def _travel(self, arrival: Callable[..., None], *arguments: bytes) -> None:
        # In order: nothing overtakes on a TCP connection.
        jitter = self.network.random.random() * self.far.latency / 4
        time = max(self.network.now + self.far.latency + jitter, self._arrival)
        self._arrival = time
        self.network.at(time, self.far.arrive, lambda: arrival(*arguments), self)

    def _segmentArrived(self, segment: bytes) -> None:
        peer = self.peer
        if peer.closed is not None or peer.failed is not None:
            if self.failed is None:
                peer._sendReset(self)
            return
        if self.failed is not None and self.closed is None:
            return
        peer.received += segment
        if peer.taken is not None:
            peer.taken += segment
        peer._heard = peer.arrivedAt = self.network.now
        self.network.tell(f"{peer.label}: {len(segment)} bytes arrive")
        peer._travel(self._acknowledged, segment)
        peer._noteHeld()
        peer.changes.fire()

    def _urgentArrived(self, byte: bytes) -> None:
        # A segment of its own; a mark before it, and the last one counts.
        peer = self.peer
        if peer.closed is None and peer.failed is None:
            peer._mark = len(peer.received)
            self.network.tell(f"{peer.label}: urgent data")
        self._segmentArrived(byte)

    def _acknowledged(self, segment: bytes) -> None:
        if self.failed is None:
            self._inFlight -= len(segment)
            self.acknowledged += len(segment)
            self._heard = self._outstanding = self.settledAt = self.network.now
            self.transmit()
            self.changes.fire()

    def _finArrivedThere(self) -> None:
        peer = self.peer
        if peer.failed is not None:
            if self.failed is None:
                peer._sendReset(self)
            return
        peer.finArrived = self.network.steps
        peer._heard = self.network.now
        peer.endedAt = self.network.now if peer.endedAt is None else peer.endedAt
        self.network.tell(f"{peer.label}: FIN arrives")
        peer._noteHeld()
        peer._travel(self._finAcknowledgedHere)
        peer.changes.fire()

    def _finAcknowledgedHere(self) -> None:
        if self.failed is None:
            self._finAcknowledged = True
            self._heard = self._outstanding = self.settledAt = self.network.now
            self._mayForget()
            self.changes.fire()

    def _sendReset(self, to: End) -> None:
        # A lost RST is not sent again; whoever asks later is told.
        if self.far.plugged:
            self._travel(to._resetArrived)
        else:
            self.forgotten = True
            to.probe()

    def _resetArrived(self) -> None:
        if self.failed is None:
            self.network.tell(f"{self.label}: RST arrives")
            waiting = self.finArrived is not None and self.finSent is None  # CLOSE_WAIT
            self._fail(errno.EPIPE if waiting else errno.ECONNRESET)

    def _fail(self, error: int) -> None:
        self.failed = self.network.steps
        self.failedAt = self.network.now
        self.endedAt = self.network.now if self.endedAt is None else self.endedAt
        self._error = error
        self._purge()
        self._noteHeld()
        self.changes.fire()

    def _purge(self) -> None:
        self._purged += len(self._unsent)
        self._unsent.clear()

    def _complain(self) -> None:
        if self.closed is not None:
            raise OSError(errno.EBADF, "Bad file descriptor")
        if self._error:
            error, self._error = self._error, 0
            raise OSError(error, "Connection broken")
        if self.failed is not None:
            raise OSError(errno.EPIPE, "Broken pipe")
