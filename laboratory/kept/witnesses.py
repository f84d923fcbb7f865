"""
What real senders and printers saw of their jobs, for the rules of kept jobs.
"""

from __future__ import annotations

from collections import Counter

from .paper import PrinterHall
from .rules import Event, Found, Ledger, Where
from .senders import Senders


def seen(senders: Senders, hall: PrinterHall) -> Ledger:
    """What both saw, of all jobs."""
    ledger = Ledger()
    papers = Counter(sheet.head for sheet in hall.sheets)
    whole = {sheet.head for sheet in hall.sheets if sheet.whole}
    for job in senders.jobs:
        known = {"sha256": job.head.hex(), "number": job.number, "taken": job.taken}
        known |= {"refused": job.refused, "papers": papers[job.head]}
        ledger.add(Event(job.head, {**known, "printed": job.head in whole}))
    return ledger


def waitingTwice(found: Found) -> list[str]:
    """What a spool has twice in its line."""
    waiting = Counter(each.sha256 for each in found.jobs if each.where is Where.WAITING)
    return [f"{key} waits {count} times" for key, count in waiting.items() if count > 1]
