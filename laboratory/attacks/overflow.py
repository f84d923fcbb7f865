"""
Too much input (A6): long arguments, lines without an end, data that nobody asked for, replies that
nobody reads.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from jetdirect.ftp.commands.table import COMMANDS
from laboratory.attacks.figures import Figures
from laboratory.attacks.theft import dial, passive
from laboratory.attacks.victim import HOSTILE, MIB, OWNER, Victim
from laboratory.attacks.wire import Wire, assertReplies

#: Bytes of the arguments; HP's boxes fell over 11, a name has 255, a path 4096, a flood 65536.
LENGTHS = (0, 11, 255, 256, 511, 512, 1024, 4096, 65536)

#: What a process may grow by for each session that attacks it.
GROWTH = MIB

#: Every command there is, and what is none.
VERBS = sorted(COMMANDS)
NO_VERBS = ("XYZZY", "A" * 11, "\x01", "%s%n%s%n", "ABOR\x00STOR")

_TRANSFERS = ("STOR", "STOU", "APPE", "LIST", "NLST", "MLSD")


def _session(victim: Victim, login: bool) -> Wire:
    wire = Wire(victim.port, HOSTILE, login=login)
    wire.socket.settimeout(20)
    return wire


def arguments(place: Path, count: int) -> Figures:
    """
    Each verb with each of the first C{count} lengths, before and after login.

    A reply of good form, or the end of the session; and after each length the next session works.
    """
    codes: Counter[str] = Counter()
    closed = worked = 0
    with Victim(place, keep=False) as victim:
        for login in (False, True):
            for length in LENGTHS[:count]:
                wire = _session(victim, login)
                for verb in (*VERBS, *NO_VERBS):
                    transfer = login and verb in _TRANSFERS
                    with contextlib.ExitStack() as data:
                        if transfer:
                            data.enter_context(dial(passive(wire), HOSTILE))
                        heard = wire.say(f"{verb} {'A' * length}".rstrip())
                    if heard[:3] == b"150":
                        heard += wire.reply()
                    assertReplies(heard)
                    codes[heard[:3].decode() or "closed"] += 1
                    if not heard or wire.say("NOOP")[:3] != b"200":
                        closed += 1
                        wire.socket.close()
                        wire = _session(victim, login)
                    elif login and verb in ("REIN", "USER"):
                        wire.say("USER tester")
                        wire.say("PASS x")
                wire.socket.close()
                victim.works()
                worked += 1
    return {
        "commands": codes.total(),
        "replies": dict(sorted(codes.items())),
        "sessions ended by it": closed,
        "sessions after a length, all working": worked,
    }


@contextlib.contextmanager
def grown(victim: Victim, figures: Figures, sessions: int = 1) -> Iterator[None]:
    """What C{victim} grows by meanwhile, and at most."""
    for _ in range(3):  # what the first jobs ever need is nobody's fault
        victim.works()
    before = victim.memory
    victim.forgetPeak()
    yield
    peak = victim.peak - before
    figures["grown by at most, KiB"] = peak // 1024
    assert peak <= GROWTH * sessions, f"grew by {peak // 1024} KiB"


def endlessLine(place: Path, count: int) -> Figures:
    """C{count} MiB on control connections without a line end, in pieces of all sizes."""
    figures: Figures = {"MiB": count}
    sent = sessions = 0
    piece = b"A" * MIB
    with Victim(place, keep=False) as victim:
        with grown(victim, figures):
            while sent < count * MIB:
                sessions += 1
                size = (MIB, 4096, 65537)[sessions % 3]
                # It is read, though not looked at, until it is cut.
                with (
                    contextlib.suppress(OSError),
                    Wire(victim.port, HOSTILE, login=sessions % 2 == 0) as wire,
                ):
                    while sent < count * MIB:
                        sent += wire.socket.send(piece[:size])
        victim.works()
    return {**figures, "sessions": sessions}


def unwantedData(place: Path, count: int) -> Figures:
    """C{count} MiB offered on data connections, all at the same time, without an upload."""
    figures: Figures = {"MiB offered": count}
    taken = 0
    with Victim(place, keep=False) as victim, contextlib.ExitStack() as stack:
        with grown(victim, figures, sessions=2):
            each = count * MIB // 2
            pairs = []
            for _ in range(2):
                wire = stack.enter_context(Wire(victim.port, HOSTILE, login=True))
                pairs.append((wire, stack.enter_context(dial(passive(wire), HOSTILE))))
            for wire, data in pairs:
                taken += _push(data, each)
                assert wire.say("NOOP")[:3] == b"200"
        for wire, data in pairs:
            data.close()
            assert wire.say("ABOR")[:3] == b"226"
        victim.works()
    return {**figures, "MiB in the kernel's buffers": round(taken / MIB, 1)}


def _push(data: socket.socket, total: int) -> int:
    data.settimeout(1.0)
    sent, piece = 0, bytes(MIB)
    with contextlib.suppress(TimeoutError):
        while sent < total:
            sent += data.send(piece[: total - sent])
    return sent


def unreadReplies(place: Path, count: int) -> Figures:
    """C{count} segments of 64 KiB full of HELP from a peer that reads none of the answers."""
    figures: Figures = {"segments offered": count}
    lines = b"HELP\r\n" * (65536 // 6)
    taken = 0
    with Victim(place, keep=False) as victim:
        with grown(victim, figures), Wire(victim.port, HOSTILE, login=True) as wire:
            wire.socket.settimeout(1.0)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(count):
                    wire.socket.sendall(lines)
                    taken += 1
            with Wire(victim.port, OWNER) as other:
                began = time.monotonic()
                assert other.say("NOOP")[:3] == b"200"
                figures["answer to others meanwhile, ms"] = round(
                    (time.monotonic() - began) * 1000, 1
                )
        victim.works()
    return {**figures, "segments taken whole": taken}
