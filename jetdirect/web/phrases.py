"""
What is shown of jobs and printing ports, in words for people.  No I/O.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from ..record import REMOVED, JobEvent, JobRecord, JobState, PortRecord, PortState

PATIENCE = 60.0
"""Seconds that a printer may take no byte before that is trouble: most empty trays were filled by
then, or it will be long (chosen)."""

_BLANK = chr(0xA0)  # no-break; written so, pydoctor can show it

BAD, WARN, BUSY, WELL, WAITS = "bad", "warn", "busy", "well", "waits"

_REASONS = {
    "connecting-to-device": "cannot be reached",
    "paused": "paused",
    "spool-failed": "its spool has failed",
    "gateway-silent": "its gateway does not answer",
    "offline": "switched offline",
    "media-empty": "out of paper",
    "media-needed": "wants paper",
    "media-jam": "paper jam",
    "media-low": "little paper left",
    "door-open": "a door is open",
    "cover-open": "a cover is open",
    "interlock-open": "a cover is open",
    "toner-empty": "out of toner",
    "toner-low": "little toner left",
    "marker-supply-empty": "out of ink or toner",
    "marker-supply-low": "little ink or toner left",
    "marker-waste-full": "its waste box is full",
    "marker-waste-almost-full": "its waste box is nearly full",
    "output-area-full": "the output tray is full",
    "output-tray-missing": "the output tray is missing",
    "input-tray-missing": "a paper tray is missing",
    "spool-area-full": "its memory is full",
    "timed-out": "does not answer",
    "shutdown": "switched off",
}
"""The printer-state-reasons (RFC 8011, section 5.4.12, and CUPS's) that are met in offices."""

STATES = {
    JobState.PENDING: "waits",
    JobState.HELD: "held",
    JobState.PROCESSING: "prints",
    JobState.STOPPED: "printer takes nothing",
    JobState.CANCELED: "canceled",
    JobState.ABORTED: "failed",
    JobState.COMPLETED: "printed",
}

_MARKS = {
    JobState.PENDING: WAITS,
    JobState.HELD: WARN,
    JobState.PROCESSING: BUSY,
    JobState.STOPPED: BAD,
    JobState.CANCELED: WARN,
    JobState.ABORTED: BAD,
    JobState.COMPLETED: WELL,
}

PAPER = {"yes": "all of it", "no": "nothing", "part": "perhaps a part"}
"""What of a job is on paper."""

DELIVERIES = {
    "sent": "the printer's line has every byte",
    "delivered": "the printer has every byte",
    "confirmed": "the printer says that it is printed",
}
"""What each level of delivery says."""


class PortStanding(NamedTuple):
    """How a printing port is: a kind, a word, and more words; the lower its rank, the worse."""

    rank: int
    mark: str
    word: str
    more: str


def standing(port: PortRecord, job: JobRecord | None, now: float) -> PortStanding:
    """
    How a printing port is.

    @param job: the one that has it.
    @param now: seconds since the epoch.
    """
    if REMOVED in port.reasons:
        kept = f"; {_held(port.held)}" if port.held else ""
        return PortStanding(2, WARN, "Removed", f"it is in the configuration no more{kept}")
    whys = [each for each in port.reasons if each not in ("paused", "printed-elsewhere")]
    if port.state is PortState.STOPPED and whys:
        because = port.message.partition(": ")[2].removeprefix(f"{port.uri}: ")
        said = because if {"connecting-to-device", "gateway-silent"} & {*whys} else ""
        more = [lasting(now - port.since), *([said] if said else [])]
        return PortStanding(0, BAD, sentence(reasons(whys)), ": ".join(more))
    if "paused" in port.reasons:
        return PortStanding(3, WARN, "Paused", "by a person; it prints nothing until it is resumed")
    if port.state is PortState.STOPPED:
        return PortStanding(0, BAD, "Stopped", f"{lasting(now - port.since)}; it does not say why")
    if job is not None and job.blocked >= PATIENCE:
        return PortStanding(1, BAD, "Takes no data", f"{lasting(job.blocked)}; look at the printer")
    if port.held:
        word = "Printing" if job is not None else "Ready"
        return PortStanding(2, WARN, word, _held(port.held))
    if job is not None:
        slow = job.state is JobState.STOPPED
        return PortStanding(4, BUSY, "Printing", "the printer pauses" if slow else "")
    return PortStanding(5, WELL, "Ready", "")


def _held(many: int) -> str:
    return f"{'1 job is' if many == 1 else f'{many:,} jobs are'} held for a person"


def reasons(words: Iterable[str]) -> str:
    """Some printer-state-reasons."""
    said = []
    for word in words:
        for end in ("-error", "-warning", "-report"):
            word = word.removesuffix(end)
        said.append(_REASONS.get(word, word.replace("-", " ")))
    return ", ".join(dict.fromkeys(said))


def state(job: JobRecord) -> tuple[str, str]:
    """How a job is: a kind, and words."""
    if job.state is JobState.COMPLETED and not job.heard:
        return WARN, "printed, unheard"
    if job.state is JobState.COMPLETED and not job.bytes:
        return WELL, "empty"
    if job.state is JobState.PENDING and "job-incoming" in job.reasons and not job.sha256:
        return WAITS, "comes in" if job.bytes else "waits"
    return _MARKS[job.state], STATES[job.state]


def progress(job: JobRecord) -> str:
    """How far a job is."""
    if job.size:
        return f"{size(job.sent)} of {size(job.size)} ({percent(job)}{_BLANK}%)"
    return size(job.sent)


def percent(job: JobRecord) -> int:
    """How much of a job the printer's side has; its size is known."""
    return min(100, int(100 * job.sent / job.size)) if job.size else 0


def event(told: JobEvent) -> str:
    """Something that has happened to a job."""
    by = f" by {told.by}" if told.by else ""
    moved = "" if told.bytes is None else f"; {size(told.bytes)} had left for the printer"
    done = _DONE.get(told.what, told.what)
    more = rest(done, told.text)
    because = f" {more}" if more != told.text else f": {more}" if more else ""
    match told.what:
        case "received":
            return f"Came {told.text or 'from this gateway'}"
        case "queued":
            return "Kept on disk, with its place in line"
        case "attempt":
            return f"The printer has it: {told.text}" if told.text else "The printer has it"
        case "delivered":
            return sentence(DELIVERIES.get(told.text, told.text)) + moved
        case "heard":
            return f"Its sender was told{because}"
        case "unheard":
            return f"Its sender was lost before it could hear{because}"
        case "completed":
            return f"Printed{because}"
        case "aborted":
            return f"Failed{because}{moved}"
    return f"{sentence(done)}{by}{because}"


_DONE = {
    "cancel": "canceled",
    "hold": "held",
    "release": "released",
    "next": "put in front",
    "move": "moved",
    "reprint": "printed again",
    "erase": "erased",
}


def rest(word: str, reason: str) -> str:
    """What a reason tells besides the word that stands before it: "held by ann" of "held"."""
    return reason.removeprefix(f"{word} ")


def lasting(seconds: float) -> str:
    """For how long something has been so."""
    if seconds < 60:
        return "for less than a minute"
    if seconds < 3600:
        return f"for {seconds // 60:.0f} min"
    if seconds < 48 * 3600:
        return f"for {seconds // 3600:.0f} h"
    return f"for {seconds // 86400:.0f} days"


def took(seconds: float) -> str:
    """How long something took."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min" if seconds < 7200 else f"{seconds // 3600:.0f} h"


def size(many: float) -> str:
    """A number of bytes; as printers and disks are sold, k is 1,000."""
    if many < 1000:
        return f"{many:.0f}{_BLANK}B"
    for unit in ("kB", "MB", "GB"):
        many /= 1000
        if many < 999.5:
            return f"{many:.1f}{_BLANK}{unit}" if many < 99.95 else f"{many:.0f}{_BLANK}{unit}"
    return f"{many / 1000:.1f}{_BLANK}TB"


def moment(when: float, now: float) -> str:
    """A time of day, and the day if it is another, by the gateway's clock."""
    then, today = time.localtime(when), time.localtime(now)
    clock = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return clock
    day = f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    return f"{day} {clock}" if then[0] == today[0] else f"{day} {then[0]} {clock}"


def exactly(when: float, now: float) -> str:
    """Likewise, with the second."""
    return f"{moment(when, now)}:{time.localtime(when).tm_sec:02}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sentence(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def count(many: int, one: str) -> str:
    """A number and a noun, which has an s behind any but 1."""
    return f"1 {one}" if many == 1 else f"{many:,} {one}s"
