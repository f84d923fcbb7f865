"""
Alarms as mail, handed over by SMTP (RFC 5321).

Twisted's own client is left alone: it asks a name server for this machine's name when it is
imported, in the middle of an alarm; it keeps the login among the lines of its errors; and a line
that begins with a dot, and a piece of 16 KiB, loses it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..interfaces import IAlarmReceiver
from ..net.reactor import INetworkReactor
from ..text import presentable
from .alarms import Digest
from .settings import MailServer
from .trust import context
from .wire import NotTold, Talk, connected, ended
from .wording import line, subject

LONGEST_REPLY = 16 * 1024
"""Bytes of a reply: a line has 512 (RFC 5321, section 4.5.3.1.5), and no server has so many."""

SHOWN = 200
"""Characters of a reply that are told again."""

READY, LOGGED_IN, DONE, FORWARDED, GO_ON, SEND, PERMANENT = 220, 235, 250, 251, 334, 354, 500
"""Codes (RFC 5321, section 4.2.3; RFC 4954, section 4); from 500 on another try does not help."""

_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?:[ \r][^\n]*)?\n")
_NO_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(?!\d{0,3}\Z|\d{3}[ \r\n-])")

_FOOT = "-- \nThis is jetdirect on {gateway}. 'jetdirect ports' there says how its printers are.\n"


def message(digest: Digest, gateway: str, sender: str, to: str, now: float) -> bytes:
    """
    A mail, as it goes over the wire, without its last dot.

    The subject names printing ports and nothing that a sender says.  The text is base64, which has
    neither long lines nor dots.

    @param gateway: the name of the machine.
    @param now: seconds since the epoch.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject(digest, gateway)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now).astimezone())
    mail["Message-ID"] = f"<{digest.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    lines = [line(each) for each in digest.events]
    if digest.more:
        lines.append(f"... and {digest.more} more")
    text = "\n".join(map(presentable, lines))
    mail.set_content(f"{text}\n\n{_FOOT.format(gateway=gateway)}", cte="base64")
    return mail.as_bytes()


class _Conversation(Talk):
    """One connection to a mail server: a command, its reply."""

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self._heard = b""
        self._reply: Deferred[tuple[int, str]] = Deferred()
        self._lost: NotTold | None = None
        self._over = False

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        self._heard += data
        found = _REPLY.match(self._heard)
        if found is not None and found.end() == len(self._heard) and not self._reply.called:
            code, heard, self._heard = int(found[1]), self._heard, b""
            lines = heard.decode("utf-8", "replace").splitlines()
            self._reply.callback((code, "\n".join(each[4:] for each in lines)))
        elif found is not None or len(self._heard) > LONGEST_REPLY or _NO_REPLY.match(self._heard):
            # What is said unasked could pass for an answer that came through TLS.
            self._lose(NotTold("it does not speak SMTP", final=True))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self._lose(ended(reason))

    def _lose(self, why: NotTold) -> None:
        self._lost = self._lost or why
        self.transport.abortConnection()
        if not self._reply.called:
            self._reply.errback(self._lost)

    async def expect(self, *codes: int) -> str:
        """
        The text of the next reply.

        @raise NotTold: it has another code.
        """
        try:
            code, text = await self._reply
        except CancelledError:
            self._lose(NotTold("it was given up"))
            raise
        if code not in codes:
            words = presentable(text.replace("\n", " "))[:SHOWN]
            raise NotTold(f"it answered {code} {words}", final=code >= PERMANENT)
        return text

    async def say(self, data: bytes, *codes: int) -> str:
        """Say something, and get the text of its reply.  @raise NotTold: it has another code."""
        if self._lost is not None:
            raise self._lost
        self._reply = Deferred()
        self.transport.write(data + b"\r\n")
        return await self.expect(*codes)

    def quit(self) -> None:
        """All is said, if anybody is there to hear it."""
        if self._lost is not None:
            return
        self._over = True
        self.transport.write(b"QUIT\r\n")
        self.leave()


@implementer(IAlarmReceiver)
class MailReceiver:
    """
    One mail address, and the server that takes mail for it.

    Each address has a mail of its own: one that the server refuses or puts off is tried again
    alone, and the others get theirs meanwhile.
    """

    def __init__(
        self, reactor: INetworkReactor, server: MailServer, sender: str, to: str, gateway: str
    ) -> None:
        """
        Blocks as long as a disk does, for certificates.

        @param gateway: the name of the machine.
        @raise ValueError: nobody can be trusted.
        """
        self.name = f"mail to {to} by {server}"
        self._reactor = reactor
        self._server = server
        self._trusted = context(server)
        self._sender = sender
        self._to = to
        self._gateway = gateway

    def tell(self, digest: Digest, now: float) -> Deferred[None]:
        """L{IAlarmReceiver}."""
        return Deferred.fromCoroutine(self._tell(digest, now))

    async def _tell(self, digest: Digest, now: float) -> None:
        server = self._server
        mail = message(digest, self._gateway, self._sender, self._to, now)
        talk = await connected(
            self._reactor,
            server.host,
            server.port,
            lambda: _Conversation(self._reactor),
            self._trusted if server.secure else None,
        )
        try:
            await talk.expect(READY)
            await self._greet(talk)
            await talk.say(f"MAIL FROM:<{self._sender}>".encode("ascii"), DONE)
            await talk.say(f"RCPT TO:<{self._to}>".encode("ascii"), DONE, FORWARDED)
            await talk.say(b"DATA", SEND)
            await talk.say(re.sub(rb"(?m)^\.", b"..", mail) + b".", DONE)
        finally:
            talk.quit()

    async def _greet(self, talk: _Conversation) -> None:
        server, hello = self._server, self._gateway.encode("ascii", "replace")
        try:
            offers = _offers(await talk.say(b"EHLO " + hello, DONE))
        except NotTold as why:
            if server.proven or not why.final:
                raise
            await talk.say(b"HELO " + hello, DONE)
            return
        if not server.secure:
            if "STARTTLS" in offers and self._trusted is not None:
                await talk.say(b"STARTTLS", READY)
                talk.transport.startTLS(self._trusted)
                offers = _offers(await talk.say(b"EHLO " + hello, DONE))
            elif server.proven:
                raise NotTold("it has no TLS", final=True)
        if server.user:
            await self._login(talk, offers.get("AUTH", ()))

    async def _login(self, talk: _Conversation, kinds: Sequence[str]) -> None:
        user, password = (each.encode() for each in (self._server.user, self._server.password))
        if not {"PLAIN", "LOGIN"} & {*kinds}:
            raise NotTold("it takes neither AUTH PLAIN nor AUTH LOGIN", final=True)
        try:
            if "PLAIN" in kinds:
                await talk.say(b"AUTH PLAIN " + _coded(b"\0%s\0%s" % (user, password)), LOGGED_IN)
            else:
                await talk.say(b"AUTH LOGIN", GO_ON)
                await talk.say(_coded(user), GO_ON)
                await talk.say(_coded(password), LOGGED_IN)
        except NotTold as why:
            # Not in its words, which may repeat what it was told.
            raise NotTold("it refused the login", why.final) from None


def _offers(text: str) -> dict[str, Sequence[str]]:
    """What a server can do besides (RFC 5321, section 4.1.1.1), with the words behind."""
    _, *lines = text.upper().splitlines()
    return {words[0]: words[1:] for words in map(str.split, lines) if words}


def _coded(text: bytes) -> bytes:
    return base64.b64encode(text)
