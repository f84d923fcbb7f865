"""
The log as a watcher: which lines it writes of records, at which level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IWatcher
from jetdirect.record import JobRecord, JobState, PortRecord, PortState
from jetdirect.watch.log import LogWatcher


@pytest.fixture
def events() -> Iterator[Sequence[LogEvent]]:
    """The events of the log."""
    with capturedLogs() as found:
        yield found


def job(state: JobState, **fields: object) -> JobRecord:
    """A job of 14 bytes."""
    known: dict[str, object] = dict(  # noqa: C408
        number=31, port="PORT2", name="a.ps", user="bob", host="192.0.2.7", printer="Ward 3",
        bytes=14, reasons=(), delivery=None, attempts=1, created=0.0, started=None, completed=None,
        seconds=1.5, blocked=0.0, outcome=None, reply=None, printed="no", reason="", heard=True,
    )  # fmt: skip
    return JobRecord(state=state, **{**known, **fields})  # type: ignore[arg-type]


def port(message: str, state: PortState) -> PortRecord:
    """A printing port of which something was said."""
    return PortRecord(
        name="PORT1", number=1, aliases=(), uri="file:jobs", description="Ward 3", location="",
        state=state, reasons=(), message=message, since=0.0, accepting=True, spooled=False,
        queued=0, held=0, job=None,
    )  # fmt: skip


def test_watcher() -> None:
    """It is one."""
    assert verifyObject(IWatcher, LogWatcher())


def test_jobs(events: Sequence[LogEvent]) -> None:
    """A job has one line when it comes and one when it is over; what is between has none."""
    watcher = LogWatcher()
    watcher.jobSubmitted(job(JobState.PENDING))
    watcher.jobChanged(job(JobState.PROCESSING))
    watcher.jobProgressed(job(JobState.PROCESSING))
    watcher.jobEnded(job(JobState.ABORTED, reply=450, reason="the printer did not answer"))

    assert [(each["log_level"], formatEvent(each)) for each in events] == [
        (LogLevel.info, "job 31 on PORT2: 'a.ps' from 'bob' at 192.0.2.7"),
        (
            LogLevel.warn,
            "job 31 on PORT2: aborted: 14 bytes in 1.500 s, printed no, reply 450: the printer did"
            " not answer ('a.ps' from 'bob' at 192.0.2.7, printer 'Ward 3')",
        ),
    ]


def test_names(events: Sequence[LogEvent]) -> None:
    """A letter that is shown by its number is so once; and nobody's name ends its quotes."""
    watcher = LogWatcher()
    watcher.jobSubmitted(job(JobState.PENDING, name=r"Patient M\xfcller", user="' from 'root' at"))

    assert [*map(formatEvent, events)] == [
        r"""job 31 on PORT2: 'Patient M\xfcller' from "' from 'root' at" at 192.0.2.7"""
    ]
    assert events[0]["name"] == r"Patient M\xfcller"


@pytest.mark.parametrize(
    ("state", "heard", "level"),
    [
        (JobState.COMPLETED, True, LogLevel.info),
        (JobState.COMPLETED, False, LogLevel.warn),
        (JobState.CANCELED, True, LogLevel.info),
        (JobState.ABORTED, True, LogLevel.warn),
    ],
)
def test_levels(state: JobState, heard: bool, level: LogLevel, events: Sequence[LogEvent]) -> None:
    """A job that failed is a warning, and one whose sender may send it again."""
    LogWatcher().jobEnded(job(state, heard=heard))

    assert [each["log_level"] for each in events] == [level]


def test_ports(events: Sequence[LogEvent]) -> None:
    """What was said of a printer is one line, though the port changes for other reasons, too."""
    watcher = LogWatcher()
    for state in (PortState.IDLE, PortState.PROCESSING):
        watcher.portChanged(port("", state))
    for _ in range(2):
        watcher.portChanged(port("stopped: media-empty", PortState.STOPPED))
    for state in (PortState.IDLE, PortState.PROCESSING):
        watcher.portChanged(port("works again, after 95 s", state))

    assert [(each["log_level"], formatEvent(each)) for each in events] == [
        (LogLevel.warn, "PORT1 (Ward 3) stopped: media-empty"),
        (LogLevel.info, "PORT1 (Ward 3) works again, after 95 s"),
    ]


def test_printersWords(events: Sequence[LogEvent]) -> None:
    """What a printer says cannot write into the terminal of a person who reads the log."""
    LogWatcher().portChanged(port("stopped: \x1b[31m\nevil", PortState.STOPPED))

    assert str(formatEvent(events[0])).isprintable()
