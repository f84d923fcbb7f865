"""
What a printer says in PJL: answers and unsolicited status, each ended by a form feed (HP, PJL
Technical Reference Manual, chapter 7).  No I/O.

A job can make a printer say anything, so nothing here takes more than a bounded amount of it,
and what is not understood is dropped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_MESSAGE = 4096
"""Bytes of one message; a longer one is dropped as a whole.  A status has some hundred (chosen)."""

LONGEST_NAME = 80
"""Characters of a job's name that are looked at: as many as a printer keeps."""

_FORM_FEED = b"\f"
_LINE_END = re.compile(r"[\r\n]+")


class Message(NamedTuple):
    """One message."""

    topic: str
    """The words after C{@PJL}, in capitals: C{INFO STATUS}, C{USTATUS JOB}."""

    lines: tuple[str, ...]
    """The lines that follow, without blanks around them."""

    def value(self, name: str) -> str | None:
        """What is to the right of C{NAME=}, without quotation marks."""
        for line in self.lines:
            left, equals, right = line.partition("=")
            if equals and left.strip().upper() == name:
                return unquoted(right)
        return None


class JobNews(NamedTuple):
    """What became of a job (chapter 5, "Job Separation Commands")."""

    ended: bool
    """Its last page is in the output bin."""

    canceled: bool
    """Somebody canceled it, at the printer or elsewhere."""

    name: str
    """As C{EOJ}, or else C{JOB}, had it; C{""} if the printer gives none."""


class MessageListener:
    """Puts messages together, however they come in pieces."""

    def __init__(self) -> None:
        self._begun = b""

    def heard(self, data: bytes) -> list[Message]:
        """Take what the printer says; give the messages that are whole."""
        *whole, begun = (self._begun + data).split(_FORM_FEED)
        # One byte more than may be: so it is known to be too long, whatever else comes.
        self._begun = begun[: LONGEST_MESSAGE + 1]
        return [
            message
            for text in whole
            if len(text) <= LONGEST_MESSAGE
            for message in _messages(text.decode("latin-1"))
        ]


def _messages(text: str) -> list[Message]:
    # More than one if a form feed was forgotten; what stands before the first is nothing.
    found: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.strip, _LINE_END.split(text))):
        first, *words = line.upper().split()
        if first == "@PJL":
            found.append((" ".join(words), []))
        elif found:
            found[-1][1].append(line)
    return [Message(topic, tuple(lines)) for topic, lines in found]


def jobNews(message: Message) -> JobNews | None:
    """What a message says of the end of a job; L{None} if it says nothing of it."""
    if message.topic != "USTATUS JOB" or not message.lines:
        return None
    event = message.lines[0].upper()
    result = (message.value("RESULT") or "OK").upper()
    ended = event == "END" and result == "OK"
    # With RESULT an END tells of canceled jobs too; one L is HP's spelling, two are others'.
    canceled = event in ("CANCELED", "CANCELLED") or (
        event == "END" and result.endswith(("CANCELED", "CANCELLED"))
    )
    name = (message.value("NAME") or "")[:LONGEST_NAME]
    return JobNews(ended, canceled, name) if ended or canceled else None


def unquoted(text: str) -> str:
    """Without blanks, and without one pair of quotation marks."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
