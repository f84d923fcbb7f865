"""
Jobs that could run into each other (A17), and a printer that talks back (A16).
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from pathlib import Path

from laboratory.attacks.figures import Figures
from laboratory.attacks.theft import dial, passive, received
from laboratory.attacks.victim import MIB, Victim
from laboratory.attacks.wire import Wire
from tests.support.caller import Caller, resetConnection
from tests.support.peer import PATIENCE

SENDERS = 50

#: No client may ever hear this.
SECRET = b"@PJL INFO ID\r\nSECRET-OF-THE-PRINTER\r\n\f"

#: Seconds that a sender waits for its turn behind all the others, on a slow machine.
_TURN = 300


class OneAtATime:
    """
    A printer that notices a second job before the first one has ended.

    @ivar overlaps: how often it happened.
    """

    def __init__(self) -> None:
        self.overlaps = 0
        self._busy = threading.Lock()

    def __call__(self, caller: Caller) -> None:
        """Take one job."""
        alone = self._busy.acquire(blocking=False)
        try:
            self.overlaps += not alone
            caller.readAll()
        finally:
            if alone:
                self._busy.release()


class Sender:
    """
    One of many: prints jobs in its own session, and cuts some of them.

    @ivar whole: SHA-256 of each job that got a 226.
    @ivar cut: those that it cut, whole.
    """

    def __init__(self, number: int, port: int, jobs: int) -> None:
        self.whole: list[str] = []
        self.cut: list[bytes] = []
        self.problem: BaseException | None = None
        self._chance = random.Random(number)
        self._mark = f"sender {number:02} ".encode()
        self._port = port
        self._jobs = jobs
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with Wire(self._port, login=True) as wire:
                wire.socket.settimeout(_TURN)
                for number in range(self._jobs):
                    self._print(wire, number)
        except BaseException as problem:
            self.problem = problem

    def _print(self, wire: Wire, number: int) -> None:
        mark = self._mark + b"job %06d\n" % number
        job = mark * self._chance.randrange(1, 3000)
        data = dial(passive(wire))
        opening = wire.say("STOR page")
        assert opening[:3] == b"150", opening
        if number % 10 == 9:
            data.sendall(job[: len(job) // 2])
            resetConnection(data)
            reply = wire.reply()
            assert reply[:3] in (b"451", b"551"), reply
            self.cut.append(job)
        else:
            data.sendall(job)
            data.close()
            reply = wire.reply()
            assert reply[:3] == b"226" and b"%d bytes" % len(job) in reply, reply
            self.whole.append(hashlib.sha256(job).hexdigest())


def interleaving(place: Path, count: int) -> Figures:
    """
    C{count} jobs of 50 senders at a time on one printer; every tenth is cut in the middle.

    Each whole job is one connection of the printer, and byte for byte what its sender sent.
    """
    device = OneAtATime()
    options = (f"--max-sessions={SENDERS + 1}", f"--busy-timeout={_TURN}")
    with Victim(place, *options, printer=device) as victim:
        began = time.perf_counter()
        senders = [Sender(n, victim.port, count // SENDERS) for n in range(SENDERS)]
        for sender in senders:
            sender.thread.join()
        seconds = time.perf_counter() - began
        problems = [sender.problem for sender in senders if sender.problem is not None]
        assert not problems, problems[0]
        victim.works(b"the last one")
        printed = Counter(caller.digest for caller in victim.printer.callers)
        wanted = Counter(digest for sender in senders for digest in sender.whole)
        cut = {job[:24]: job for sender in senders for job in sender.cut}
        wanted[hashlib.sha256(b"the last one").hexdigest()] += 1
        missing, others = wanted - printed, printed - wanted
        spoilt = 0
        for caller in victim.printer.callers:
            if caller.digest in others and caller.received:
                # What is left of a cut job: its beginning, and no byte of any other.
                taken = bytes(caller.data)
                spoilt += not cut.get(taken[:24], b"").startswith(taken)
    assert not missing and not spoilt and not device.overlaps, (missing, spoilt, device.overlaps)
    return {
        "jobs": wanted.total() + len(cut),
        "per second": round(count / seconds),
        "whole jobs, and as many with their SHA-256 at the printer": wanted.total(),
        "cut jobs": len(cut),
        "missing": missing.total(),
        "mixed": spoilt,
        "connections that overlapped": device.overlaps,
    }


def backChannel(place: Path, count: int) -> Figures:
    """
    A printer that sends C{count} MiB of its own, before, during and after a job.

    None of it comes to the sender, on whichever connection, and none is kept.
    """
    piece = SECRET * (MIB // len(SECRET))

    def talkative(caller: Caller) -> None:
        caller.say(SECRET)
        caller.read()
        for _ in range(count):
            caller.say(piece)
        caller.readAll()
        caller.say(SECRET)

    query = b'\x1b%-12345X@PJL INFO ID\r\n@PJL FSUPLOAD NAME = "0:\\..\\etc\\passwd"\r\n'
    with Victim(place, printer=talkative) as victim, Wire(victim.port, login=True) as wire:
        before = victim.memory
        victim.forgetPeak()
        heard = b""
        with dial(passive(wire)) as data:
            assert wire.say("STOR page")[:3] == b"150"
            data.sendall(query)
            victim.printer.waitForBytes(1, len(query))
            heard += wire.say("STAT") + wire.say("STAT PORT1")
            data.sendall(query)
            data.shutdown(1)
            heard += received(data)
        reply = wire.reply()
        assert reply[:3] == b"226", reply
        assert victim.printer.waitForJob(1, PATIENCE) == query * 2
        with dial(passive(wire)) as data:
            heard += reply + wire.say("LIST PORT1") + wire.reply()
            heard += received(data)
        heard += wire.say("RETR page") + wire.say("QUIT") + wire.rest()
        grown = victim.peak - before
        told = heard.count(b"SECRET")
    assert told == 0, heard
    assert grown <= 2 * MIB, f"{grown // 1024} KiB"
    return {
        "MiB from the printer": count,
        "told to the sender": told,
        "grown by, KiB": grown // 1024,
        "log of it, KiB": len(victim.gateway.log) // 1024,
    }
