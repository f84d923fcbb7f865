"""
Who may log in to a gateway in memory, and how many have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, fail
from zope.interface import Interface, implementer

from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.server import PrintServer
from tests.support.memory import MemoryGateway


@implementer(IRealm)
class CountingRealm(PrintRealm):
    """Counts who comes and who goes."""

    def __init__(self, server: PrintServer) -> None:
        super().__init__(server)
        self.logins = self.logouts = 0

    def requestAvatar(
        self, avatarId: Any, mind: object, *interfaces: type[Interface]
    ) -> Deferred[tuple[type[Interface], object, Callable[[], None]]]:
        def counted(
            avatar: tuple[type[Interface], object, Callable[[], None]],
        ) -> tuple[type[Interface], object, Callable[[], None]]:
            self.logins += 1
            return (avatar[0], avatar[1], self.logout)

        return super().requestAvatar(avatarId, mind, *interfaces).addCallback(counted)

    def logout(self) -> None:
        self.logouts += 1


@implementer(ICredentialsChecker)
class SlowChecker:
    """Answers when the test does."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.answer: Deferred[Any] = Deferred()

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        return self.answer


@implementer(ICredentialsChecker)
class NoName:
    """Lets nobody in."""

    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, login: Any) -> Deferred[Any]:
        return fail(UnauthorizedLogin("no"))


class CountingGateway(MemoryGateway):
    """
    It counts logins.

    @ivar checker: who may log in.
    """

    def __init__(self, checker: Any = None, **settings: Any) -> None:
        usual = {"busyTimeout": 600.0, "connectTimeout": 600.0}
        super().__init__(**{**usual, **settings})
        self.realm = CountingRealm(self.server)
        self.checker = checker or AnyName()
        self.factory.portal = Portal(self.realm, [self.checker])
