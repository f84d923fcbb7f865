"""
The realm of those who may print: cred's side of a login.

As on the device anybody may, under any name and with any password; a portal with other checkers
makes it stricter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred import checkers, credentials, portal
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, succeed
from zope.interface import Interface, implementer

from ..job import Sender
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


async def logIn(
    portal: portal.Portal, user: str, password: str, sender: Sender
) -> tuple[PrintShell, Callable[[], None]]:
    """
    Log in, with a print shell and what ends the login.

    Some of cred's checkers compare bytes (file:), some text (memory:); each gets what it takes.

    @raise UnauthorizedLogin: this user does not, with this password.
    """
    try:
        return await _attempt(portal, encoded(user), encoded(password), sender)
    except (UnauthorizedLogin, TypeError):
        return await _attempt(portal, user, password, sender)


async def _attempt(
    portal: portal.Portal, user: Any, password: Any, sender: Sender
) -> tuple[PrintShell, Callable[[], None]]:
    login = credentials.UsernamePassword(user, password)
    _, shell, logout = await portal.login(login, sender, IPrintShell)
    assert isinstance(shell, PrintShell)
    return shell, logout


@implementer(checkers.ICredentialsChecker)
class AnyName:
    """Every name is good, and so is every password, the empty ones included."""

    credentialInterfaces = (credentials.IUsernamePassword, credentials.IAnonymous)

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        """L{checkers.ICredentialsChecker}."""
        return succeed(getattr(login, "username", checkers.ANONYMOUS))
