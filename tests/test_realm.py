"""
Who may print, and with which shell: cred's contracts.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.cred import checkers, credentials, strcred
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.task import Clock
from twisted.protocols.ftp import IFTPShell
from zope.interface import Interface
from zope.interface.verify import verifyObject

from jetdirect.ftp.realm import AnyName, PrintRealm, logIn
from jetdirect.ftp.shell import IPrintShell, PrintShell
from jetdirect.ftp.stock import StockShell
from jetdirect.job import Sender
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from tests.support.answers import now

SENDER = Sender("bob", "192.0.2.1", 40001)


def realm() -> PrintRealm:
    """The realm of a print server with one printer."""
    return PrintRealm(PrintServer([FakePrinter()], Clock()))


def test_contracts() -> None:
    """Realm and checker are what cred takes them for."""
    assert verifyObject(IRealm, realm())
    assert verifyObject(checkers.ICredentialsChecker, AnyName())


@pytest.mark.parametrize("name", [b"bob", b"", b"\xff\x00", b"x" * 10_000])
@pytest.mark.parametrize("password", [b"", b"secret"])
def test_anyName(name: bytes, password: bytes) -> None:
    """Every name is good with every password, and stays itself."""
    login = credentials.UsernamePassword(name, password)
    assert now(AnyName().requestAvatarId(login)) == name


def test_anonymous() -> None:
    """A sender that gives no name at all is anonymous."""
    assert now(AnyName().requestAvatarId(credentials.Anonymous())) is checkers.ANONYMOUS


@pytest.mark.parametrize(
    ("avatarId", "user"),
    [
        (b"bob", "bob"),
        ("bob", "bob"),
        (checkers.ANONYMOUS, "anonymous"),
        (b"caf\xc3\xa9\n", r"caf\xe9\x0a"),
        (b"\xff", r"\xff"),
        ("a\r\n230 b", r"a\x0d\x0a230 b"),
    ],
)
def test_userWithoutMind(avatarId: object, user: str) -> None:
    """Under another FTP server the login's name is the user, fit to be shown."""
    interface, shell, logout = now(realm().requestAvatar(avatarId, None, IFTPShell))
    assert interface is IFTPShell
    assert verifyObject(IFTPShell, shell)
    assert shell.shell.sender == Sender(user, "", 0)
    logout()


def test_senderAsMind() -> None:
    """A session of ours tells who sends; a checker's idea of the name does not change that."""
    _, shell, _ = now(realm().requestAvatar(b"uid=4711", SENDER, IPrintShell))
    assert shell.sender is SENDER


def test_shells() -> None:
    """Each login has a shell of its own on the same print server."""
    one = realm()
    shells = [now(one.requestAvatar(b"bob", SENDER, IPrintShell))[1] for _ in range(2)]
    assert shells[0] is not shells[1]
    assert shells[0].server is shells[1].server is one.server


@pytest.mark.parametrize("interfaces", [(), (Interface,)])
def test_otherInterfaces(interfaces: tuple[type[Interface], ...]) -> None:
    """A print server offers nothing but print shells, ours and those for Twisted's server."""
    with pytest.raises(NotImplementedError):
        realm().requestAvatar(b"bob", SENDER, *interfaces)


def test_portal() -> None:
    """Through a portal it all comes together."""
    portal = Portal(realm(), [AnyName()])
    for login in (credentials.UsernamePassword(b"bob", b""), credentials.Anonymous()):
        interface, shell, _ = now(portal.login(login, SENDER, IPrintShell))
        assert (interface, type(shell)) == (IPrintShell, PrintShell)
        interface, shell, _ = now(portal.login(login, SENDER, IFTPShell))
        assert (interface, type(shell)) == (IFTPShell, StockShell)


def test_checkers(tmp_path: Path) -> None:
    """Checkers that compare bytes, and those that compare text, both let the right ones in."""
    passwords = tmp_path / "passwords"
    passwords.write_text("bob:gr\u00fcn\n")
    for description in (f"file:{passwords}", "memory:bob:gr\u00fcn"):
        portal = Portal(realm(), [strcred.makeChecker(description)])
        _, shell, logout = now(logIn(portal, "bob", "gr\u00fcn", SENDER))
        assert shell.sender is SENDER
        logout()
        for name, password in (("bob", "rot"), ("eve", "gr\u00fcn"), ("bob", "")):
            with pytest.raises(UnauthorizedLogin):
                now(logIn(portal, name, password, SENDER))
