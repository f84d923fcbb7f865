"""
The realm of those who may print: cred's side of a login.

As on the device anybody may, under any name and with any password; a portal with other checkers
makes it stricter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred import checkers, portal
from twisted.cred.credentials import IAnonymous, IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from ..job import Sender
from ..net.deadline import alreadyThere
from ..server import PrintServer
from ..text import printable
from .shell import IPrintShell, PrintShell
from .text import decoded, encoded


@implementer(portal.IRealm)
class PrintRealm:
    """Gives every login its own print shell on one print server."""

    def __init__(self, server: PrintServer, proven: bool = False) -> None:
        """
        @param proven: the portal's checkers let in only who proves to be the user; one user's
            sessions then see each other's job names.
        """
        self.server = server
        self.proven = proven

    def requestAvatar(
        self, avatarId: Any, mind: object, *interfaces: type[Interface]
    ) -> Deferred[tuple[type[Interface], object, Callable[[], None]]]:
        """
        L{portal.IRealm}.

        @param mind: the L{Sender}, when a session of L{jetdirect.ftp} logs in.
        @param interfaces: L{IPrintShell}, or Twisted's own C{IFTPShell}.
        @raise NotImplementedError: neither of them is wanted.
        """
        wanted = next((each for each in interfaces if _isOffered(each)), None)
        if wanted is None:
            raise NotImplementedError("a print server offers IPrintShell and IFTPShell only")
        if not isinstance(mind, Sender):
            mind = Sender(_name(avatarId), "", 0)
        shell = PrintShell(self.server, mind, proven=self.proven)
        avatar = shell if wanted is IPrintShell else _stock(shell)
        return succeed((wanted, avatar, _loggedOut))


def _loggedOut() -> None:
    # There is nothing to do; and one function serves all sessions.
    pass


def _isOffered(interface: type[Interface]) -> bool:
    # By its name: to import IFTPShell installs a reactor, and who asks for it has one.
    return interface is IPrintShell or (
        (interface.__module__, interface.__name__) == ("twisted.protocols.ftp", "IFTPShell")
    )


def _stock(shell: PrintShell) -> object:
    from .stock import StockShell

    return StockShell(shell)


def _name(avatarId: object) -> str:
    if avatarId is checkers.ANONYMOUS:
        return "anonymous"
    return printable(decoded(avatarId) if isinstance(avatarId, bytes) else str(avatarId))


LoggedIn = tuple[Any, PrintShell, Callable[[], None]]
"""What a portal gives: L{IPrintShell}, the print shell, and what ends the login."""


def logIn(portal: portal.Portal, user: str, password: str, sender: Sender) -> Deferred[LoggedIn]:
    """
    Log in.

    Some of cred's checkers compare bytes (file:), some text (memory:); each gets what it takes.

    @return: fails with L{UnauthorizedLogin}: this user does not, with this password.
    """

    def again(failure: Failure) -> Deferred[Any]:
        failure.trap(UnauthorizedLogin, TypeError)
        return attempt(user, password)

    def attempt(user: Any, password: Any) -> Deferred[Any]:
        login = UsernamePassword(user, password)
        return portal.login(login, sender, IPrintShell)

    first = attempt(encoded(user), encoded(password))
    return first.addErrback(again) if alreadyThere(first) is None else first


@implementer(checkers.ICredentialsChecker)
class AnyName:
    """Every name is good, and so is every password, the empty ones included."""

    credentialInterfaces = (IUsernamePassword, IAnonymous)

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        """L{checkers.ICredentialsChecker}."""
        return succeed(getattr(login, "username", checkers.ANONYMOUS))
