"""
Which reply belongs to which command?  From a sender's side, who knows what it said in which order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..invariants import Heard

UPLOADS = ("STOR", "STOU", "APPE")

_AT_ONCE = {
    "ABOR": re.compile(r"22[56] (?!Transfer complete \()"),
    "STAT": re.compile(r"21[13]"),
    "NOOP": re.compile(r"200 Command okay"),
    "": re.compile(r"500 Command line too long"),
}
"""What answers the commands that may overtake a running upload; C{""} is an endless line."""

_UPLOAD = re.compile(r"150|226.*\n226 Transfer|226 Transfer|[45](?!00)\d\d", re.DOTALL)
_OTHERS = {
    "USER": re.compile(r"331|[45]"),
    "PASS": re.compile(r"230|[45]"),
    "TYPE": re.compile(r"200 Type|250|[45]"),
    "ALLO": re.compile(r"200 Command okay|[45]"),
    "XYZZY": re.compile(r"500"),
}
"""What answers some others, so that a reply that overtook them is not taken for theirs."""

_ANY = re.compile(r"(?!22[56]|21[13])[2345]\d\d")
_FORMS = {**_AT_ONCE, **_OTHERS}
_FAREWELL = re.compile(r"421 (?!Job)|221|500 This is an FTP")


@dataclass
class Command:
    """
    A command that was sent.

    @ivar upload: its place among the sender's uploads, if it is one.
    @ivar replies: what was heard to it.
    """

    verb: str
    upload: int | None = None
    replies: list[Heard] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Was the final reply heard?"""
        return any(reply.code >= 200 for reply in self.replies)

    def takes(self, reply: Heard) -> bool:
        """Can this be a reply to it?"""
        form = _UPLOAD if self.verb in UPLOADS else _FORMS.get(self.verb, _ANY)
        return form.match(reply.text) is not None


class Dialogue:
    """
    One control connection, as its sender understands it.

    @ivar said: all commands.
    @ivar greeting: the first reply.
    @ivar farewell: the reply that closes the session.
    @ivar oddities: replies that belong to nothing, in words.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.said: list[Command] = []
        self.greeting: Heard | None = None
        self.farewell: Heard | None = None
        self.oddities: list[str] = []
        self._waiting: list[Command] = []
        self._line = b""
        self._lines: list[str] = []

    def say(self, verb: str, upload: int | None = None) -> Command:
        """A command is sent."""
        command = Command(verb, upload)
        self.said.append(command)
        self._waiting.append(command)
        return command

    def hear(self, data: bytes) -> list[Heard]:
        """Bytes from the gateway; the replies that are complete now."""
        *lines, self._line = (self._line + data).split(b"\n")
        heard = []
        for raw in lines:
            if not re.fullmatch(rb"[\x20-\x7e]*\r", raw):
                self.oddities.append(f"{self.label}: not a line of a reply: {raw!r}")
            line = raw.decode("latin-1").rstrip("\r")
            self._lines.append(line)
            if re.match(r"\d{3} ", line) and self._lines[0][:3] == line[:3]:
                reply = Heard(int(line[:3]), "\n".join(self._lines))
                self._lines = []
                self._assign(reply)
                heard.append(reply)
        return heard

    def _assign(self, reply: Heard) -> None:
        if self.greeting is None:
            self.greeting = reply
            if reply.code == 421:
                self.farewell = reply
            return
        if self.farewell is not None:
            self.oddities.append(f"{self.label}: {reply.text!r} after {self.farewell.text!r}")
            return
        if _FAREWELL.match(reply.text):
            self.farewell = reply
            unanswered = [each.verb for each in self._waiting if each.verb != "QUIT"]
            if reply.code == 221 and self._waiting and self._waiting[0].verb != "QUIT":
                self.oddities.append(f"{self.label}: goodbye before {unanswered} were answered")
            return
        command = self._whose(reply)
        if command is None:
            waiting = [each.verb for each in self._waiting][:9]
            self.oddities.append(f"{self.label}: {reply.text!r} answers none of {waiting}")
            return
        command.replies.append(reply)
        if command.answered:
            self._waiting.remove(command)

    def _whose(self, reply: Heard) -> Command | None:
        if not self._waiting:
            return None
        head, *behind = self._waiting
        if head.takes(reply):
            return head
        aborting = any(command.verb == "ABOR" for command in self._waiting)
        for command in behind:
            overtakes = aborting or head.verb in UPLOADS
            if command.verb in _AT_ONCE and overtakes and command.takes(reply):
                return command
        return None
