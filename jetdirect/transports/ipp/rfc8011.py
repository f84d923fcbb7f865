"""
The model of IPP (RFC 8011) as far as printing needs it: operations, states, and what a printer says
of itself.  No I/O.
"""

from __future__ import annotations

import re

from ...interfaces import PrinterStatus
from .rfc8010 import Response

PRINT_JOB, VALIDATE_JOB, CREATE_JOB, SEND_DOCUMENT = 0x0002, 0x0004, 0x0005, 0x0006
CANCEL_JOB, GET_JOB, GET_PRINTER = 0x0008, 0x0009, 0x000B
"""Operations (section 5.4.15)."""

CANCELED, ABORTED, COMPLETED = 7, 8, 9
"""Job states (section 5.3.7) that are the last."""

OTHER_VERSION = 0x0503
"""A status code (appendix B.1.5.4): the printer speaks another version of IPP."""

ERRORS = "job-completed-with-errors"
"""A reason for a job's state (section 5.3.8): printed, but not well."""

RAW = "application/octet-stream"
"""Whatever it is: the printer finds out (section 5.1.10)."""

PRINTER_ATTRIBUTES = [
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "printer-impressions-completed",
    "operations-supported",
    "document-format-supported",
]
"""The attributes that a printer is asked for."""

LONGEST_NAME = 255
"""Octets of a name (section 5.1.3)."""

_STATES = {3: "idle", 4: "processing", 5: "stopped"}
"""Printer states (section 5.4.11)."""

_MOST_REASONS = 10
"""A printer has some at a time; more are somebody's joke (chosen)."""

_MOST_FORMATS = 100
"""Likewise; the longest lists seen have some thirty."""

_SAID = 200
"""Characters of a printer's own words that are told."""


def shown(text: str) -> str:
    """A printer's own words, made fit for replies and logs: it may say anything."""
    return re.sub(r"[^\x20-\x7e]", "?", text[:_SAID])


def mimeType(text: str) -> str:
    """
    A document format (section 5.1.10).

    @raise ValueError: it is none.
    """
    if not re.fullmatch(r"[\w.+-]{1,100}/[\w.+-]{1,100}", text, re.ASCII):
        raise ValueError("give a MIME type, such as application/pdf")
    return text


def statusOfPrinter(printer: Response) -> PrinterStatus:
    """What a printer says of itself."""
    reasons = [_plain(each) for each in printer.words("printer-state-reasons")]
    known = [each for each in reasons if re.fullmatch(r"[a-z0-9._-]{1,100}", each)]
    return PrinterStatus(
        _STATES.get(printer.number("printer-state") or 0, ""),
        tuple(dict.fromkeys(each for each in known if each != "none"))[:_MOST_REASONS],
        printer.text("printer-make-and-model"),
        printer.number("printer-impressions-completed"),
        tuple(printer.words("document-format-supported"))[:_MOST_FORMATS],
    )


def _plain(reason: str) -> str:
    # Section 5.4.12: how serious it is may be a suffix.
    return re.sub(r"-(error|warning|report)$", "", reason)


def refusal(response: Response) -> str:
    """What a printer that said no has said."""
    said = shown(response.text("status-message"))
    return f"the printer refused (0x{response.status:04x}{': ' if said else ''}{said})"


def because(reasons: list[str]) -> str:
    """The reasons for a job's state, in parentheses, if there are any."""
    known = [each for each in reasons if re.fullmatch(r"[a-z0-9._-]{1,100}", each)]
    told = ", ".join(each for each in known[:_MOST_REASONS] if each != "none")
    return f" ({told})" if told else ""
