"""
Lines into commands, one after the other: RFC 959's protocol interpreter (section 2.2).

While a command runs, ABOR, STAT and NOOP are answered at once; other commands wait for their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from . import replies
from .command import Command, When
from .control import ControlConnection
from .lines import NOISE, LineTooLong
from .paths import PathRefused
from .pipeline import Line, Pipeline
from .replies import Reply
from .strangers import isForeign, isOwn
from .text import decoded

UNKNOWN_WORDS = 3
"""Unknown commands before a login that make the peer no FTP client; the header of a request has
more, and no client that we know sends as many."""

_NO_ASCII = bytes(range(0x80, 0x100))
"""A client without urgent data leaves halves of Telnet commands before ABOR."""


class Interpreted(Protocol):
    """A session as its interpreter knows it."""

    control: ControlConnection

    @property
    def commands(self) -> Mapping[str, Command[Any]]:
        """What there are, by their verbs."""

    @property
    def isLoggedIn(self) -> bool:
        """May the commands be done that need a login?"""

    def reply(self, reply: Reply) -> None:
        """Send a reply."""

    def flooded(self) -> None:
        """The peer says more than can wait."""

    def commandEnded(self, reply: Reply | None) -> None:
        """A command that took its time has ended; L{None}: it has sent its replies itself."""


SessionT = TypeVar("SessionT", bound=Interpreted)

_AT_ONCE, _LOGGED_IN = When.AT_ONCE, When.LOGGED_IN


def parted(line: bytes) -> tuple[str, str]:
    """
    The verb of a command line, in capitals, and its argument.

    @param line: it begins with neither blank nor tab.
    """
    word, _, rest = line.partition(b" ")
    if b"\t" in word:
        word, _, rest = line.partition(b"\t")
    if line.isascii():  # as nearly all are
        return word.decode().upper(), rest.decode().lstrip(" \t")
    if not word.isascii():
        word = word.lstrip(_NO_ASCII)
    return word.decode("latin-1").upper(), decoded(rest.lstrip(b" \t"))


class Interpreter(Generic[SessionT]):
    """
    Does the commands of one session, which is named each time: each keeping the other, a session
    that is over would stay until the garbage collector comes.
    """

    _log = Logger()
    __slots__ = ("_pipeline", "_unknownWords")

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None  # where nothing runs, and nothing waits
        self._unknownWords = 0

    def take(self, session: SessionT, line: bytes | LineTooLong) -> None:
        """Do a command, at once or in its turn."""
        if isinstance(line, LineTooLong):
            self._inTurn(session, replies.LINE_TOO_LONG)
            return
        line = line.strip(NOISE)
        if not line:
            return
        verb, argument = parted(line)
        command, pipeline = session.commands.get(verb), self._pipeline
        if command is None and isForeign(verb):
            session.control.strange()
        elif pipeline is None or not pipeline.running or (command and command.when is _AT_ONCE):
            self._perform(session, command, verb, argument)
        else:
            self._inTurn(session, (verb, argument))

    def next(self, session: SessionT) -> bool:
        """
        Do the first of the commands that wait for a running one.

        @return: C{False}: there is none, or one runs still.
        """
        if self._pipeline is None:
            return False
        line = self._pipeline.next()
        if line is not None:
            self._begin(session, line)
        elif not self._pipeline.running:
            self._pipeline = None
        return line is not None

    def goesOn(self) -> None:
        """The command that is being done takes its time."""
        self._pipeline = self._pipeline or Pipeline()
        self._pipeline.running = True

    def ended(self, session: SessionT, reply: Reply | None) -> None:
        """It has ended; L{None}: it has sent its replies itself."""
        assert self._pipeline is not None
        self._pipeline.running = False
        session.commandEnded(reply)

    def forget(self) -> None:
        """What waits is not done any more."""
        if self._pipeline is not None:
            self._pipeline.clear()

    # Inside.

    def _inTurn(self, session: SessionT, line: Line) -> None:
        if self._pipeline is None or not self._pipeline.running:
            self._begin(session, line)
        elif not self._pipeline.put(line):
            session.flooded()

    def _begin(self, session: SessionT, line: Line) -> None:
        if isinstance(line, Reply):
            session.reply(line)
        else:
            self._perform(session, session.commands.get(line[0]), *line)

    def _perform(
        self, session: SessionT, command: Command[SessionT] | None, verb: str, argument: str
    ) -> None:
        if command is None:
            return self._unknown(session, verb)
        if command.when is _LOGGED_IN and not session.isLoggedIn:
            return session.reply(replies.NOT_LOGGED_IN)
        if not argument and command.needsArgument:
            return session.reply(replies.SYNTAX(syntax=command.syntax))
        try:
            result = command.run(session, argument)
        except PathRefused as refused:
            result = replies.BAD_PATH(path=refused.path, reason=refused.reason)
        except Exception:
            # A mistake of ours, which is no reason to end a session with its job.
            self._log.failure("{verb} of {peer} failed", verb=verb, peer=session.control.peer)
            result = replies.LOCAL_ERROR
        if isinstance(result, Reply):
            session.reply(result)
        elif result is not None:
            self.goesOn()
            later = result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)
            later.addCallbacks(partial(self.ended, session), partial(self._failed, session))
        return None

    def _unknown(self, session: SessionT, verb: str) -> None:
        if not session.isLoggedIn and not isOwn(verb):
            self._unknownWords += 1
        if self._unknownWords < UNKNOWN_WORDS:
            session.reply(replies.UNKNOWN)
        else:
            session.control.strange()

    def _failed(self, session: SessionT, failure: Failure) -> None:
        peer = session.control.peer
        self._log.failure("a command of {peer} failed", failure, peer=peer)
        self.ended(session, replies.LOCAL_ERROR)
