"""
The log: two lines for a job, one when it comes and one when it is over; and a line when a printer
stops or is back.
"""

from __future__ import annotations

import time

from twisted.logger import Logger, LogLevel
from zope.interface import implementer

from ..interfaces import IWatcher, unheard
from ..record import JobRecord, JobState, PortRecord, PortState
from ..text import presentable

# docs/log.rst promises these names to programs that read the log.
_jobs = Logger(namespace="jetdirect.job.Job")
_printers = Logger(namespace="jetdirect.condition.Condition")
_INFO, _WARN = LogLevel.info, LogLevel.warn  # looked up, each is a call


def _emit(logger: Logger, level: LogLevel, line: str, fields: dict[str, object]) -> None:
    # As Logger.emit, which is dearer than the line: it makes a list of all levels each time, to see
    # whether this is one.  And a format that names twenty fields takes longer than all the rest.
    fields["log_logger"] = logger
    fields["log_level"] = level
    fields["log_namespace"] = logger.namespace
    fields["log_source"] = logger.source
    fields["log_format"] = "{log_text}"
    fields["log_text"] = line
    fields["log_time"] = time.time()
    logger.observer(fields)


def _quoted(name: str) -> str:
    # It is in printable ASCII, and its backslashes are no news.
    return repr(name).replace("\\\\", "\\") if "'" in name else f"'{name}'"


def _sender(record: JobRecord) -> str:
    return f"{_quoted(record.name)} from {_quoted(record.user)} at {record.host}"


def _fields(record: JobRecord) -> dict[str, object]:
    return {
        "job": record.number,
        "port": record.port,
        "peer": record.host,
        "user": record.user,
        "name": record.name,
    }


@implementer(IWatcher)
class LogWatcher:
    """Writes what an operator wants to know of a job or a printer, in words and in fields."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def jobSubmitted(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        line = f"job {record.number} on {record.port}: {_sender(record)}"
        _emit(_jobs, _INFO, line, _fields(record))

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}: that a job is kept, and that it is held; of others STAT tells."""
        job, fields = f"job {record.number} on {record.port}", _fields(record)
        if record.state is JobState.HELD:
            fields["reason"] = why = record.reason or "no reason is known"
            _emit(_jobs, _WARN, f"{job} is held: {why} ({_sender(record)})", fields)
        elif record.reasons == ("job-queued",):
            fields["bytes"], fields["seconds"] = record.bytes, record.seconds
            line = f"{job} is queued: {record.bytes} bytes in {record.seconds:.3f} s"
            _emit(_jobs, _INFO, line, fields)

    jobProgressed = unheard  # likewise

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        failed = record.state is JobState.ABORTED or not record.heard
        state = str(record.state)
        reached = f", {record.delivery}" if record.delivery else ""
        reply = "none" if record.reply is None else record.reply
        because = f": {record.reason}" if record.reason else ""
        _emit(
            _jobs,
            _WARN if failed else _INFO,
            f"job {record.number} on {record.port}: {state}: {record.bytes} bytes in"
            f" {record.seconds:.3f} s{reached}, printed {record.printed}, reply {reply}{because}"
            f" ({_sender(record)}, printer {_quoted(record.printer)})",
            {
                "job": record.number,
                "port": record.port,
                "peer": record.host,
                "user": record.user,
                "name": record.name,
                "printer": record.printer,
                "state": state,
                "bytes": record.bytes,
                "seconds": record.seconds,
                "delivery": record.delivery or "-",
                "printed": record.printed,
                "reply": reply,
                "heard": record.heard,
                "reason": record.reason,
            },
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
        level = _WARN if record.state is PortState.STOPPED else _INFO
        _emit(_printers, level, said, {"condition": said})
