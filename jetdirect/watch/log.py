"""
The log: two lines for a job, one when it comes and one when it is over; and a line when a printer
stops or is back.
"""

from __future__ import annotations

import time

from twisted.logger import Logger, LogLevel
from zope.interface import implementer

from ..interfaces import IWatcher
from ..record import JobRecord, JobState, PortRecord, PortState
from ..text import presentable

# docs/log.rst promises these names to programs that read the log.
_jobs = Logger(namespace="jetdirect.job.Job")
_printers = Logger(namespace="jetdirect.condition.Condition")


def _emit(logger: Logger, level: LogLevel, format: str, **event: object) -> None:
    # As Logger.emit, which is dearer than the line: it makes a list of all levels each time, to see
    # whether this is one.
    event["log_logger"] = logger
    event["log_level"] = level
    event["log_namespace"] = logger.namespace
    event["log_source"] = logger.source
    event["log_format"] = format
    event["log_time"] = time.time()
    logger.observer(event)


class _Name(str):
    """A name in quotes.  It is in printable ASCII, and its backslashes are no news."""

    def __repr__(self) -> str:
        return super().__repr__().replace("\\\\", "\\")


def _who(record: JobRecord) -> dict[str, object]:
    return {
        "job": record.number,
        "port": record.port,
        "peer": record.host,
        "user": _Name(record.user),
        "name": _Name(record.name),
    }


@implementer(IWatcher)
class LogWatcher:
    """Writes what an operator wants to know of a job or a printer, in words and in fields."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def jobSubmitted(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        _emit(
            _jobs,
            LogLevel.info,
            "job {job} on {port}: {name!r} from {user!r} at {peer}",
            **_who(record),
        )

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}: that a job is kept, and that it is held; of others STAT tells."""
        if record.state is JobState.HELD:
            _emit(
                _jobs,
                LogLevel.warn,
                "job {job} on {port} is held: {reason} ({name!r} from {user!r} at {peer})",
                **_who(record),
                reason=record.reason or "no reason is known",
            )
        elif record.reasons == ("job-queued",):
            _emit(
                _jobs,
                LogLevel.info,
                "job {job} on {port} is queued: {bytes} bytes in {seconds:.3f} s",
                **_who(record),
                bytes=record.bytes,
                seconds=record.seconds,
            )

    def jobProgressed(self, record: JobRecord) -> None:
        """L{IWatcher}: likewise."""

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        failed = record.state is JobState.ABORTED or not record.heard
        _emit(
            _jobs,
            LogLevel.warn if failed else LogLevel.info,
            "job {job} on {port}: {state}: {bytes} bytes in {seconds:.3f} s{reached}, printed"
            " {printed}, reply {reply}{because} ({name!r} from {user!r} at {peer}, printer"
            " {printer!r})",
            **_who(record),
            printer=_Name(record.printer),
            state=record.state.value,
            bytes=record.bytes,
            seconds=record.seconds,
            delivery=record.delivery or "-",
            reached=f", {record.delivery}" if record.delivery else "",
            printed=record.printed,
            reply="none" if record.reply is None else record.reply,
            heard=record.heard,
            reason=record.reason,
            because=f": {record.reason}" if record.reason else "",
        )

    def portChanged(self, record: PortRecord) -> None:
        """L{IWatcher}: only what is new about the printer is said."""
        if record.message == self._said.get(record.name, ""):
            return
        self._said[record.name] = record.message
        if not record.message:
            return  # another printer, of which nothing is known
        # Some of it is the printer's own words.
        said = presentable(f"{record.name} ({record.description}) {record.message}")
        level = LogLevel.warn if record.state is PortState.STOPPED else LogLevel.info
        _emit(_printers, level, "{condition}", condition=said)
