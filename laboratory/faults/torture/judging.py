"""
From what senders, printers and the log know to what the invariants judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..invariants import Print, Record, Run
from ..simulation.faults import ANSWERED, CONNECTED, FINISHING, FLOWING, LOGGED_IN, WAITING
from .case import Case
from .cells import PATIENT
from .conversation import Conversation
from .journal import Journal
from .printer import TorturePrinter
from .sender import Job, Sender

_LATER = ("printer refuses", "printer does not answer", "port busy")


def spared(case: Case) -> bool:
    """Does nothing at all speak against the job of this case?"""
    name, phase = case.kind.name, case.phase
    if phase in ("", ANSWERED):
        return True
    if name == "SIGTERM":
        return phase in (FLOWING, FINISHING)
    if name.startswith("ABOR"):
        return phase in (CONNECTED, LOGGED_IN)
    if name in _LATER:
        return case.gateway == PATIENT
    if name == "printer switched off":
        return phase in (LOGGED_IN, WAITING)
    return case.kind.harmless


def outcome(sender: Sender) -> str:
    """What became of a job, in a word."""
    job = sender.job
    if job is None:
        return "no job"
    if job.finals:
        return str(job.finals[0].code)
    return "closed" if job.disconnected else "open"


def records(journal: Journal, senders: Sequence[Sender], killed: bool) -> list[Record]:
    """What the log of this gateway says of their jobs; then it is forgotten."""
    found = [journal.take(sender.name) for sender in senders]
    taken = [record for record in found if record is not None]
    for record in taken:
        record.cutOff = killed
    return taken


def told(
    printer: TorturePrinter,
    senders: Sequence[Sender],
    recorded: list[Record],
    failures: list[str],
) -> Run:
    """All that is known of a case and of the next job."""
    jobs = [sender.job for sender in senders if sender.job is not None]
    oddities = [odd for sender in senders for odd in sender.oddities]
    for sender in senders:
        oddities += [odd for each in sender.sessions for odd in each.dialogue.oddities]
    prints: list[Print] = []
    conversations = sorted(
        (each for each in printer.conversations if not each.unused), key=lambda each: each.opened
    )
    for conversation in conversations:
        each = conversation.told(printer.uri())
        each.upload = _whose(conversation, jobs, prints)
        prints.append(each)
    for sender in senders:
        _seen(sender, conversations, prints)
    return Run(
        uploads=list(jobs), prints=prints, records=recorded, failures=failures, oddities=oddities
    )


def _whose(conversation: Conversation, jobs: Sequence[Job], prints: list[Print]) -> str | None:
    # The job's name is in its payload, if there is room; else it is a matter of time.
    taken = conversation.taken
    named = [job for job in jobs if f"<{job.name}>".encode() in taken[:300]]
    if len(named) == 1:
        return named[0].name
    opened = conversation.opened
    asked = [job for job in jobs if job.said <= opened and (job.done is None or opened < job.done)]
    fitting = [job for job in asked or jobs if job.payload.startswith(taken)]
    done = {each.upload for each in prints}
    fresh = [job for job in fitting if job.name not in done]
    # One in which nothing came is none of a job that has had its own.
    return next((job.name for job in fresh or (fitting if taken else ())), None)


def _seen(sender: Sender, conversations: Sequence[Conversation], prints: Sequence[Print]) -> None:
    # A sender that was gone before the printer had ended the job was not there any more when the
    # gateway looked for it, before the reply.
    if sender.closedAt is None or sender.job is None or sender.answered:
        return
    for conversation, each in zip(conversations, prints, strict=True):
        over = conversation.over
        if each.upload == sender.name and over is not None and over > sender.closedAt:
            sender.job.against.append("the sender was gone before the printer had ended the job")
