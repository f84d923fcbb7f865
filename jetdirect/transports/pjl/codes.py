"""
What the answers to C{@PJL INFO ID} and C{@PJL INFO STATUS} mean.  No I/O.

The groups of codes are HP's (PJL Technical Reference Manual, section "STATUS Category" and appendix
D); single codes are from there, from HP's own driver (hplip), and from tables for Lexmark's and
Brother's printers.  Unverified, and so marked below: what no table at hand had.  No printer was
asked.
"""

from __future__ import annotations

from ...interfaces import PrinterStatus
from .talk import Message, unquoted

LONGEST_MODEL = 100
"""Characters of a model's name (chosen)."""

# State and reason of RFC 8011; an empty state: whether it is online decides.
_GROUPS: dict[int, tuple[str, str]] = {
    10: ("idle", ""),  # informational
    11: ("idle", "media-empty-report"),  # one source of paper is empty, another has some
    12: ("idle", ""),  # a tray is open or moving; the printer stays online
    15: ("", "output-area-full"),
    30: ("", "other"),  # goes on by itself, if it is set up to
    35: ("", "other"),  # somebody may be needed
    40: ("stopped", "other"),  # somebody is needed
    41: ("stopped", "media-empty"),  # paper is missing, or is of another size
    42: ("stopped", "media-jam"),
    43: ("stopped", "other"),  # external paper handling
    44: ("stopped", "media-jam"),  # HP LaserJet 4000 and 5000
    50: ("stopped", "other"),  # hardware
    55: ("stopped", "other"),  # personality
}

_CODES: dict[int, tuple[str, str]] = {
    10002: ("stopped", "offline"),
    10006: ("idle", "toner-low"),
    # tests, resets, pages of its own, a job that is being printed or canceled
    **dict.fromkeys(
        [10004, 10005, 10007, *range(10013, 10025), *range(10027, 10032)], ("processing", "")
    ),
    30119: ("", "media-jam"),
    35078: ("", "offline"),  # unverified; perhaps it sleeps: trusted only of one not online
    40000: ("idle", ""),  # sleeps
    40010: ("stopped", "marker-supply-missing"),
    40019: ("stopped", "output-area-full"),
    40020: ("stopped", "marker-supply-missing"),
    40021: ("stopped", "door-open"),
    40022: ("stopped", "media-jam"),
    40038: ("stopped", "toner-low"),
    40039: ("stopped", "toner-empty"),  # Lexmark
    40079: ("stopped", "offline"),
    40093: ("stopped", "media-jam"),
    40119: ("stopped", "media-jam"),
    40600: ("stopped", "marker-supply-missing"),  # hplip: no toner
}


def statusOfMessages(identity: Message | None, status: Message | None) -> PrinterStatus:
    """
    How a printer is.

    @param identity: its answer to C{INFO ID}.
    @param status: its answer to C{INFO STATUS}.
    """
    state, reasons = ("", ()) if status is None else _stateOf(status)
    model = ""
    if identity is not None and identity.lines:
        model = unquoted(identity.lines[0])[:LONGEST_MODEL].strip()
    return PrinterStatus(state, reasons, "" if model == "?" else model)  # "?": it has no such thing


def _stateOf(status: Message) -> tuple[str, tuple[str, ...]]:
    code = status.value("CODE") or ""
    online = {"TRUE": True, "FALSE": False}.get((status.value("ONLINE") or "").upper())
    state, reason = "", ""
    if len(code) == 5 and code.isascii() and code.isdigit():
        state, reason = _CODES.get(int(code), _GROUPS.get(int(code[:2]), ("", "")))
    if state == "":
        if online:
            state, reason = "idle", "" if reason == "offline" else reason
        elif online is False or reason:
            state = "stopped"
    if online is False and state != "stopped":
        return "stopped", ("offline", reason) if reason else ("offline",)
    if state == "stopped" and not reason:
        reason = "offline"
    return state, (reason,) if reason else ()
