"""
What jetdirect and CUPS say of jobs on bad printers, beside what the printers had of them.

    python -m laboratory.peers.compare --table docs/evidence/compare.rst
"""

from __future__ import annotations

import argparse
import contextlib
import ftplib
import functools
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.behaviours import (
    NoPrinter,
    finAfter,
    leavesAfter,
    neverCloses,
    neverReads,
    resetAfter,
    resetAfterEnd,
    slow,
    talking,
)
from tests.support.caller import Caller
from tests.support.cupssocket import printFile
from tests.support.gateway import Gateway
from tests.support.rawprinter import Behaviour, RawPrinter, good
from tests.support.session import Session, lastLine

#: Bytes of a job: more than the printer's kernel takes unread, less than ours keeps.
SIZE = 200_000

#: As many as both kernels keep.
SMALL = 1000

#: How often a printer is tried, unless it is tried once.
RUNS = 20

#: What a printer's kernel takes before the printer reads.
RECEIVE_BUFFER = 16384

#: Seconds for which the printer's close is awaited by the gateway; 90 by default.
FINISH_TIMEOUT = 1

#: Seconds after which a gateway that says nothing is said to wait (chosen).
OUR_PATIENCE = 10.0

#: Seconds after which a backend is stopped: it waits 90 for the printer's close (its source, and
#: measured).
CUPS_PATIENCE = 110.0


def saysAndCloses(caller: Caller) -> None:
    """
    Another computer has the printer.
    """
    caller.say(b"Port already in use\r\n")


def closesAtOnce(caller: Caller) -> None:
    """
    Take the connection and close it.
    """


@dataclass(frozen=True)
class Case:
    """
    A printer, and the size of a job for it.

    @ivar printer: what it does; L{None}: it refuses connections.
    @ivar stuck: whether it keeps the connection at some point and reads no more.
    @ivar once: whether CUPS's backend takes so long with it that it is tried once only.
    """

    words: str
    printer: Behaviour | None
    size: int = SIZE
    stuck: bool = False
    once: bool = False


CASES = [
    Case("good", good),
    Case("refuses the connection", None, once=True),
    Case("closes at once, reads nothing", closesAtOnce),
    Case("says ``Port already in use`` and closes", saysAndCloses),
    Case("resets after 1,000 bytes", resetAfter(1000)),
    Case("resets after the last byte", resetAfter(SIZE)),
    Case("reads all to the end, then resets", resetAfterEnd),
    Case("FIN after 1,000 bytes, reads on", finAfter(1000)),
    Case("FIN after 1,000 bytes, reads no more", leavesAfter(1000), stuck=True, once=True),
    Case("never closes", neverCloses, once=True),
    Case("never reads", neverReads, stuck=True, once=True),
    Case("never reads; a job of 1,000 bytes", neverReads, SMALL, stuck=True, once=True),
    Case("slow", slow(4096, 0.005)),
    Case("talks all the time", talking(b"@PJL INFO STATUS\r\n" * 2000, b"\x0c")),
]


@dataclass(frozen=True)
class Verdict:
    """
    @ivar said: in words.
    @ivar success: whether the sender is told that the job has been printed.
    @ivar confirmed: whether it is told so without reserve.
    @ivar got: how many bytes of the job the printer has read.
    @ivar whole: whether these were all, unchanged.
    @ivar held: whether the printer keeps the connection, and its kernel all that it did not read.
    """

    said: str
    success: bool
    confirmed: bool
    got: int
    whole: bool
    held: bool = False

    @property
    def lie(self) -> bool:
        """Is success reported for a job that the printer does not have?"""
        return self.success and not (self.whole or (self.held and not self.confirmed))


@functools.cache
def _noise(size: int) -> bytes:
    return bytes(index * 31 % 251 for index in range(size))


def _printer(case: Case) -> RawPrinter | NoPrinter:
    if case.printer is None:
        return NoPrinter()
    return RawPrinter(case.printer, receiveBuffer=RECEIVE_BUFFER)


@contextlib.contextmanager
def _printers(cases: Iterable[Case]) -> Iterator[list[RawPrinter | NoPrinter]]:
    with contextlib.ExitStack() as stack:
        printers = [_printer(case) for case in cases]
        for printer in printers:
            stack.enter_context(printer)
        yield printers


def _verdict(
    case: Case, printer: RawPrinter | NoPrinter, said: str, success: bool, confirmed: bool
) -> Verdict:
    if isinstance(printer, NoPrinter):
        return Verdict(said, success, confirmed, 0, False)
    if not case.stuck:
        printer.waitForJob(1)
    got = max(printer.jobs, key=len, default=b"")
    held = case.stuck and case.size <= SMALL
    return Verdict(said, success, confirmed, len(got), got == _noise(case.size), held)


def ours(cases: list[Case], directory: Path) -> list[Verdict]:
    """
    Print on all these printers through one gateway, each behind a printing port of its own.
    """

    def one(number: int) -> Verdict:
        case, printer = cases[number], printers[number]
        with Session(gateway.port) as session:
            assert session.sock is not None
            session.sock.settimeout(OUR_PATIENCE)
            try:
                reply = lastLine(session.send(_noise(case.size), f"port{number + 1}/page.prn"))
            except TimeoutError:
                reply = f"waits (for more than {OUR_PATIENCE:g} s)"
            except ftplib.Error as refused:  # instead of the 150
                reply = str(refused)
            session.sock.close()
        success = reply.startswith("2")
        unconfirmed = "unconfirmed" in reply
        said = reply if reply.startswith("waits") else reply[:3]
        return _verdict(
            case,
            printer,
            said + (" sent, unconfirmed" if unconfirmed else ""),
            success,
            success and not unconfirmed,
        )

    with _printers(cases) as printers:
        options = ["--connect-timeout", "1", "--max-sessions", str(len(cases) + 1)]
        for printer in printers:
            options += ["--printer", printer.uri(f"finish-timeout={FINISH_TIMEOUT}")]
        options += ["--drain-timeout", "0"]
        with Gateway(directory, *options) as gateway, ThreadPoolExecutor(4) as workers:
            return list(workers.map(one, range(len(cases))))


def cups(
    cases: list[Case], directory: Path, seconds: float = CUPS_PATIENCE, workers: int = 8
) -> list[Verdict]:
    """
    Print on all these printers with CUPS's backend.

    @param workers: on how many at a time.
    """

    def one(number: int) -> Verdict:
        case, printer = cases[number], printers[number]
        job = directory / f"{number}.prn"
        job.write_bytes(_noise(case.size))
        began = time.monotonic()
        status = printFile(printer.host, printer.port, job, seconds)
        took = time.monotonic() - began
        if status is None:
            said = f"waits (for more than {seconds:g} s)"
        else:
            said = "success" if status == 0 else "failure"
            said += f" after {took:.0f} s" if took >= OUR_PATIENCE else ""
        return _verdict(case, printer, said, status == 0, status == 0)

    directory.mkdir(exist_ok=True)
    with _printers(cases) as printers, ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(len(cases))))


def _counted(outcomes: Iterable[str]) -> str:
    found = Counter(outcomes).most_common()
    return found[0][0] if len(found) == 1 else ", ".join(f"{each} ({n})" for each, n in found)


def _cells(verdicts: list[Verdict]) -> list[str]:
    return [
        _counted(f"**{each.said}**" if each.lie else each.said for each in verdicts),
        _counted(
            "whole" if each.whole else "a part" if each.got else "nothing" for each in verdicts
        ),
    ]


_PAGE = """\
What is said of jobs on bad printers
====================================

Made by ``python -m laboratory.peers.compare --table docs/evidence/compare.rst`` with scripted
printers on the loopback interface: what the sender is told, and what the printer had read of the
job.  A job has {size:,} bytes, the printer's kernel takes {buffer:,} unread.  Each printer was
tried {runs} times, with a count where it went both ways; those for which CUPS waits, and the one
that refuses, once.

CUPS is {cups}: its backend ``socket`` as the scheduler runs it, with
``snmp=false&contimeout=5``.  Its success is the exit status 0, upon which CUPS forgets the job.
**Bold** is a success that is none.

{table}

The gateway ran with ``finish-timeout={finish}`` and ``--connect-timeout 1`` to be quick (90 and 30
by default).  "waits" is no answer yet: a printer that reads nothing looks like one without paper,
and is waited for; the table gives up after {ours:g} s.  CUPS was waited for.

- A FIN in mid-job is 551.  Where all was acknowledged before it is seen, it cannot be told from an
  answer to the end of the job: 226, and the printer had the whole job.
- Whether 451 or 551 is said to a printer that closes at once depends on whether a byte had left.
- A printer that resets after the last byte has the job, or has crashed over it: 551, look first.

A job of {small:,} bytes on a printer that never reads is in that printer's kernel, which has
acknowledged it: nobody else can know that it was not read.  ``sent, unconfirmed`` says so.

p910nd is not in the table: it prints on devices, not on printers behind TCP.
"""


def _version() -> str:
    # The backend has no way to say it; its package has.
    with os.popen("dpkg-query -W -f '${Version}' cups 2>/dev/null") as answer:
        return answer.read().strip() or "of an unknown version"


def document(directory: Path) -> str:
    """The whole page."""
    tries = [case for case in CASES for _ in range(1 if case.once else RUNS)]
    quick, slow = ([case for case in tries if case.once is once] for once in (False, True))
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(cups, slow, directory / "slow")
        mine = list(zip(tries, ours(tries, directory), strict=True))
        theirs = list(zip(quick, cups(quick, directory / "quick", workers=1), strict=True))
        theirs += zip(slow, waiting.result(), strict=True)
    rows = [[case.words, *_cells(_of(case, mine)), *_cells(_of(case, theirs))] for case in CASES]
    heading = ["the printer", "jetdirect says", "it had", "CUPS says", "it had"]
    return _PAGE.format(
        size=SIZE,
        runs=RUNS,
        buffer=RECEIVE_BUFFER,
        small=SMALL,
        finish=FINISH_TIMEOUT,
        ours=OUR_PATIENCE,
        cups=_version(),
        table=_table(heading, rows),
    )


def _of(case: Case, found: Iterable[tuple[Case, Verdict]]) -> list[Verdict]:
    return [verdict for each, verdict in found if each is case]


def _table(heading: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in [heading, *rows]) for column in range(len(heading))]
    rule = "  ".join("=" * width for width in widths)
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heading, *rows]
    ]
    return "\n".join([rule, shown[0], rule, *shown[1:], rule])


def main() -> None:
    """Write the page; it takes some two minutes, in which CUPS waits for printers."""
    words = argparse.ArgumentParser(description="Compare jetdirect with CUPS on bad printers.")
    words.add_argument("--table", type=Path, required=True, help="the page to write")
    target = words.parse_args().table
    with tempfile.TemporaryDirectory() as place:
        target.write_text(document(Path(place)))


if __name__ == "__main__":
    main()
