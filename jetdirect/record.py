"""
What others see of a job and of a printing port: values that do not change, in RFC 8011's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class JobState(StrEnum):
    """The job states of RFC 8011, section 5.3.7."""

    PENDING = "pending"
    HELD = "pending-held"
    PROCESSING = "processing"
    STOPPED = "processing-stopped"
    CANCELED = "canceled"
    ABORTED = "aborted"
    COMPLETED = "completed"


ENDS = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})
"""A job in one of these changes no more; their words are the outcomes, too."""


REMOVED = "port-removed"
"""The reason of a printing port that is no more, and of which there are jobs."""


class PortState(StrEnum):
    """The printer states of RFC 8011, section 5.4.11."""

    IDLE = "idle"
    PROCESSING = "processing"
    STOPPED = "stopped"


class JobRecord(NamedTuple):
    """
    One job at one moment.

    @ivar number: counts from 1, never twice in one process.
    @ivar port: the name of its printing port.
    @ivar name: what its sender calls it; C{user} and C{host} say who that is.
    @ivar printer: what the printer was called when the job came.
    @ivar bytes: that came from the sender.
    @ivar reasons: job-state-reasons (RFC 8011, section 5.3.8).
    @ivar delivery: C{sent}, C{delivered} or C{confirmed}, when the printer's side has said so.
    @ivar attempts: how often it had the printer.
    @ivar created: when it came, in seconds since the epoch; C{started}: when it had the printer;
        C{completed}: when it was over; L{None} before.
    @ivar seconds: how long it took, or has taken so far, by a clock that is not set.
    @ivar blocked: for how many seconds the printer has not taken a byte; 0 while it takes them.
    @ivar outcome: C{completed}, C{canceled} or C{aborted}; L{None} before the end.
    @ivar reply: the code of the final reply; L{None} before, and where it is not known.
    @ivar printed: C{yes}: all of it; C{no}: not one byte reached the printer; C{part}: some may
        have.
    @ivar reason: why, in a line; empty for a complete job that was heard of.
    @ivar heard: C{False}: it is complete, and its sender was lost before it could hear so.
    @ivar sha256: of its bytes, in hexadecimal digits; L{None} of a job that was not kept.
    @ivar pages: that its printer says it has printed of it; L{None}: it has not said.
    @ivar size: the bytes that it has when it is whole; L{None}: its sender has not said.
    @ivar sent: bytes that the printer's side has taken, or took when it had the job last.
    """

    number: int
    port: str
    name: str
    user: str
    host: str
    printer: str
    bytes: int
    state: JobState
    reasons: tuple[str, ...]
    delivery: str | None
    attempts: int
    created: float
    started: float | None
    completed: float | None
    seconds: float
    blocked: float
    outcome: str | None
    reply: int | None
    printed: str
    reason: str
    heard: bool
    sha256: str | None = None
    size: int | None = None
    sent: int = 0
    pages: int | None = None

    @property
    def ended(self) -> bool:
        """Has the job come to its end?"""
        return self.state in ENDS

    def erased(self) -> JobRecord:
        """The same without what could lead to a person."""
        return self._replace(name="", user="", host="", sha256=None, reason="erased")


@dataclass(frozen=True, slots=True)
class JobEvent:
    """
    Something that has happened to a job.

    @ivar number: the job's.
    @ivar time: in seconds since the epoch.
    @ivar what: C{received}, C{queued}, C{attempt}, C{held}, C{delivered}, C{heard}, C{unheard};
        C{completed}, C{canceled}, C{aborted}; or what a person did: the verb.
    @ivar by: who did it; empty: no person.
    @ivar text: more of it, in words; may be empty.
    @ivar bytes: that had left for the printer by then; L{None}: that is not known.
    """

    number: int
    time: float
    what: str
    by: str = ""
    text: str = ""
    bytes: int | None = None


class Sum(NamedTuple):
    """Jobs that came on one day, from one sender, for one printing port, as accounting wants it."""

    day: str
    """C{YYYY-MM-DD}, in the gateway's own time zone."""

    user: str
    host: str
    port: str
    jobs: int
    """Those that were printed; C{bytes} are theirs."""

    bytes: int
    failed: int
    """Jobs that were not printed, or only in part."""

    pages: int | None
    """Pages of the jobs whose printer counted them; L{None}: no printer did."""


class PortRecord(NamedTuple):
    """
    One printing port at one moment.

    @ivar name: the operator's; C{number}: of its second name PORTn, or L{None}.
    @ivar aliases: what else it is called.
    @ivar uri: the device URI, without secrets.
    @ivar reasons: why it is stopped, as printer-state-reasons (RFC 8011, section 5.4.12):
        C{connecting-to-device} while the printer cannot be reached; C{printed-elsewhere}: another
        gateway prints there, and knows how the printer is; C{gateway-silent}: it says nothing;
        L{REMOVED}.
    @ivar message: what was last said of the printer's condition, for people; may be empty.
    @ivar since: when it came into its state, in seconds since the epoch.
    @ivar accepting: are jobs taken?
    @ivar spooled: are jobs kept before they are printed?
    @ivar queued: jobs that wait for the one that has the port.
    @ivar held: jobs that wait for a person.
    @ivar job: the number of the one that has the port, or L{None}.
    """

    name: str
    number: int | None
    aliases: tuple[str, ...]
    uri: str
    description: str
    location: str
    state: PortState
    reasons: tuple[str, ...]
    message: str
    since: float
    accepting: bool
    spooled: bool
    queued: int
    held: int
    job: int | None
