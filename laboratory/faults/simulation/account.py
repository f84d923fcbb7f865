"""
What is known of a seed when it is over, in the words of the rules that judge it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..invariants import Run, Upload
from .switches import asItIs

if TYPE_CHECKING:
    from .simulation import Simulation

HARMLESS = {
    "printer slow",
    "printer talks",
    "printer stops",
    "printer unplugged a moment",
    "out of paper for an hour",
    "reactor stalls",
    "reactor stalls long",
    "sender unplugged a while",
    "STAT and NOOP",
    "hostile lines",
    "data late",
    "thief first",
    "second data connection",
    "printer refuses",
    "printer name unknown",
    "printer does not answer",
    "printer has moved",
    "printer name is slow",
    "disk slow",
    "passive range exhausted",
    "job too long",
    "another STOR",
    "urgent data",
    "RST after FIN",
    "QUIT and FIN",
    "reactor late for the data",
    "reload",
}
"""Faults in spite of which every job prints, or is refused with 450 because the printer is busy or
away."""


def account(simulation: Simulation) -> Run:
    """What the invariants are judged by."""
    uploads = [upload for sender in simulation.senders for upload in sender.uploads]
    for upload, command in simulation.aborts:
        upload.abortReplies += command.replies
        # Not even the goodbye was waited for; if it was, the dialogue itself complains.
        upload.disconnected = upload.disconnected or not command.answered
    harmless = all(fault in HARMLESS for fault in simulation.faults) and simulation.patient
    for upload in uploads:
        upload.against += simulation.records.against.get(upload.name, [])
        upload.canceled = upload.name in simulation.records.canceled
        # 425: in such a run only after EPSV or PASV had found no free port, and to one that is
        # late, or not there, when others wait.
        late = {"data late", "sender unplugged a while"} & {*simulation.faults}
        busy = any(
            reply.code == 450 or (reply.code == 425 and (late or "was not made" not in reply.text))
            for reply in upload.replies
        )
        upload.faultless = harmless and not busy and not simulation.tooLong(upload)
        upload.unheard = _unheard(simulation, upload)
        upload.dressed = _dressOf(simulation, upload.name)
    oddities = [*simulation.oddities, *simulation.records.errors, *simulation.calls.oddities]
    oddities += [odd for s in simulation.senders for each in s.dialogues for odd in each.oddities]
    oddities += [
        f"a STOR without a data connection got {reply.lastLine!r}"
        for sender in simulation.senders
        for command in sender.another
        for reply in command.replies
        if reply.code != 425
    ]
    return Run(
        uploads=uploads,
        prints=[
            each
            for printer in simulation.printers
            for each in printer.prints()
            if not (each.upload or "").startswith("probe")
        ],
        records=[r for r in simulation.records.all() if not r.upload.startswith("probe")],
        earlyClose={each.name for each in simulation.printers if each.earlyClose},
        failures=simulation.failures,
        leftovers=simulation.leftovers,
        oddities=oddities,
    )


def _unheard(simulation: Simulation, upload: Upload) -> bool:
    # It was forgotten by its sender, as it may be here, and nothing else is wrong with it.
    faults = [fault for fault in simulation.faults if fault != "fire and forget"]
    harmless = all(fault in HARMLESS for fault in faults) and simulation.patient
    tooLong = simulation.tooLong(upload)
    return upload.unheard and simulation.switches.fireAndForget and harmless and not tooLong


def _dressOf(simulation: Simulation, name: str) -> Callable[[bytes, bool], bytes]:
    for printer in simulation.printers:
        if any(each.upload == name for each in printer.prints()):
            return simulation.dresses[printer.name].dressed
    return asItIs
