"""
The same job at the same times, spliced and copied: the same becomes of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_twisted
from hypothesis import event, given, settings
from hypothesis import strategies as st
from twisted.internet.task import deferLater

from jetdirect.errors import (
    DataConnectionLost,
    JobAborted,
    JobTooLarge,
    PrinterLost,
    PrintError,
    SizeDiffers,
)
from jetdirect.interfaces import Delivery
from jetdirect.job import COPIED_FIRST
from jetdirect.language import HEAD_BYTES, UEL, tailFor
from tests.support.line import Line, pipes, reactor, until, unwritten

pytestmark = pytest.mark.skipif(not hasattr(os, "splice"), reason="splice(2) is Linux's alone")

BEGINNINGS = [b"%!PS\n", b"plain", b"\x1bE", UEL + b"@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n"]

NOISE = bytes(n * n % 251 for n in range(251)) * 32_000

SIZES = st.sampled_from([1, 17, 1460, 4095, COPIED_FIRST, 200_000, 1_500_000])

ENDS = {
    "FIN": Delivery.DELIVERED,
    "RST": DataConnectionLost,
    "ABOR": JobAborted,
    "printer RST": PrinterLost,
    "printer FIN": PrinterLost,
    "FIN, printer RST": PrinterLost,
    "FIN, ABOR": JobAborted,
    "other size": SizeDiffers,
    "too large": JobTooLarge,
}
"""What happens at the end of a schedule, and what is to become of the job."""


@dataclass(frozen=True)
class Schedule:
    """
    @ivar narrow: the kernel keeps little for the printer.
    @ivar beginning: of the job.
    @ivar first: bytes that arrive before anything else happens.
    @ivar steps: what the sender sends, what the printer reads, how often the reactor turns.
    @ivar end: what happens then.
    @ivar swallow: bytes that the printer reads at a time to the end.
    """

    narrow: bool
    beginning: bytes
    first: int
    steps: list[tuple[str, int]]
    end: str
    swallow: int


SCHEDULES = st.builds(
    Schedule,
    narrow=st.booleans(),
    beginning=st.sampled_from(BEGINNINGS),
    first=st.sampled_from([1, 300, COPIED_FIRST, COPIED_FIRST + 1, 100_000]),
    steps=st.lists(
        st.tuples(st.just("send"), SIZES)
        | st.tuples(st.just("take"), SIZES)
        | st.tuples(st.just("turn"), st.integers(1, 5)),
        max_size=12,
    ),
    end=st.sampled_from(list(ENDS)),
    swallow=st.sampled_from([20_000, 300_000, 1 << 20]),
)


class Play:
    """
    A schedule, played.

    @ivar outcome: what became of the job, in all that a sender or a log is told.
    """

    def __init__(self, schedule: Schedule, options: str) -> None:
        self._schedule = schedule
        self._content = schedule.beginning + NOISE
        self._options = options
        self.spliced = self.inPipe = False
        self._kept: int | None = None

    async def run(self) -> Play:
        """From the beginning to the end."""
        before = pipes()
        schedule, content = self._schedule, self._content
        line = self.line = Line(narrow=schedule.narrow)
        total = schedule.first + sum(n for what, n in schedule.steps if what == "send")
        await line.open(line.transport(self._options))
        await line.send(content[: schedule.first], reading=False)
        for what, count in schedule.steps:
            await self._step(what, count)
        self._look()
        assert len(line.sent) <= total
        await self._end(schedule.end)
        await line.ended
        await line.job.whenReleased()
        self._check()
        await line.close()
        assert pipes() == before
        return self

    async def _step(self, what: str, count: int) -> None:
        line = self.line
        if what == "send":
            line.push(self._content[len(line.sent) : len(line.sent) + count])
        elif what == "take":
            line.take(count)
        else:
            for _ in range(count):
                await deferLater(reactor, 0)
        self._look()

    def _look(self) -> None:
        pipe: Any = self.line.connection._stream._pipe
        self.spliced = self.spliced or (pipe is not None and pipe._ends is not None)
        self.inPipe = self.inPipe or self.line.inPipe > 0

    async def _end(self, end: str) -> None:
        line = self.line
        if end == "other size":
            line.job.size = len(line.sent) + 1
        if end == "too large":
            line.job._limit = max(line.job.bytes, len(line.sent) - 1)
            if line.job._limit == len(line.sent):
                line.sender.send(b"!")  # all have come: one more
        if end == "RST":
            line.reset()
        elif end not in ("ABOR", "printer RST", "printer FIN"):
            line.finish()
        await deferLater(reactor, 0)
        if "ABOR" in end:
            self._kept = unwritten(line.connection.transport)
            line.job.cut(JobAborted("aborted by the sender"))
            line.port.close()
        if end == "printer FIN":
            line.printer.shutdown(1)
        elif "printer RST" in end:
            line.resetPrinter()
            return

        def read() -> bool:
            line.take(self._schedule.swallow)
            self._look()
            return line.over

        await until(read)
        line.printer.close()

    @property
    def outcome(self) -> tuple[object, ...]:
        """All that is told of it."""
        outcome, job = self.line.outcome, self.line.job
        if isinstance(outcome, PrintError):
            # How much the kernel had room for is another matter.
            reason = re.sub(r"\d+", "N", outcome.reason)
            return type(outcome), reason, outcome.printed, job.state
        return outcome, job.state

    def _check(self) -> None:
        line, job, end = self.line, self.line.job, self._schedule.end
        printed, content = line.printed, self._content
        expected = ENDS[end]
        assert line.outcome is expected or isinstance(line.outcome, expected)  # type: ignore[arg-type]
        assert job.bytes == line.connection.sent <= len(line.sent)
        if line.outcome is Delivery.DELIVERED:
            assert printed == line.sent
        elif "printer" in end:
            assert content.startswith(printed)
        else:
            # Our FIN may have left before the job was cut, and nothing can follow it.
            if end == "FIN, ABOR" and printed == line.sent:
                return
            # What the kernel did not have then is not printed.
            tail = tailFor(content[: job.bytes][:HEAD_BYTES])
            assert printed.endswith(tail)
            cut = printed[: len(printed) - len(tail)]
            assert content[: job.bytes].startswith(cut)
            if self._kept is not None:
                assert len(cut) == job.bytes - self._kept
        if end == "other size":
            assert job.bytes == len(line.sent)


@pytest.mark.slow
@settings(max_examples=60)
@given(schedule=SCHEDULES)
@pytest_twisted.ensureDeferred
async def test_theSameBecomesOfIt(schedule: Schedule) -> None:
    """Whatever happens when, sender and log hear the same, and the printer has what it should."""
    spliced = await Play(schedule, "").run()
    copied = await Play(schedule, "?splice=off").run()
    event(f"{schedule.end}, spliced: {spliced.spliced}, bytes in the pipe: {spliced.inPipe}")
    assert spliced.outcome == copied.outcome
    assert not copied.spliced
