"""
Access control commands (RFC 959, section 4.1.1).
"""

from __future__ import annotations

from functools import lru_cache

from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ... import __version__
from ...job import Sender
from ...net.deadline import alreadyThere
from ...text import printable
from .. import replies
from ..command import Command, Result, When
from ..paths import PathRefused, written
from ..realm import LoggedIn, logIn
from ..replies import Lines, Name, Reply
from ..session import Session
from ..state import Login

FAILED_LOGINS = 3
"""Failed logins after which a session ends, as in pyftpdlib."""

SHOWN_PORTS = 20
"""Printing ports that the 230 lists: what fits on a screen; the device had three."""

_RULE = "-" * 56
_LAYOUT = """\
jetdirect FTP Print Server Version {version}
    Directory:      Description:
    {rule}
{rows}
{blank}
    To print a file, use the command: put <filename> [portx]
    or cd to a desired port and use: put <filename>.
{blank}
    Ready to print to {default}"""


_log = Logger()


def user(session: Session, name: str) -> Reply:
    """Any name will do, an empty one too; naming oneself anew ends the login."""
    session.logOut()
    if session.settings.requireTLS and not session.control.secure:
        return replies.SECURE_LOGIN
    session.login = Login(user=name)
    return replies.NEED_PASSWORD


def password(session: Session, word: str) -> Result:
    """Log in; the 230 lists the printing ports."""
    user = session.login.user
    if user is None or session.login.shell is not None:
        return replies.USER_FIRST
    sender = Sender(printable(user), session.control.peer, session.control.peerPort)

    def welcome(login: LoggedIn) -> Reply | None:
        _, shell, logout = login
        return _welcome(session) if session.loggedIn(shell, logout) else None  # too late

    def refuse(failure: Failure) -> Deferred[Reply | None]:
        failure.trap(LoginFailed, UnhandledCredentials)
        return Deferred.fromCoroutine(_refuse(session, sender))

    coming = logIn(session.factory.portal, user, word, sender)
    login = alreadyThere(coming)
    return coming.addCallbacks(welcome, refuse) if login is None else welcome(login)


def account(session: Session, account: str) -> Reply:
    """Printing is not accounted."""
    return replies.SUPERFLUOUS


def changeDirectory(session: Session, path: str) -> Reply:
    """Choose the printing port, or none: the default one."""
    wanted = session.resolve(path)
    if not session.shell.names.isDirectory(wanted):
        raise session.shell.noSuchPlace(path)
    noEntry = session.shell.noEntry(wanted)
    if noEntry:
        raise PathRefused(path, noEntry)
    session.login = session.login._replace(directory=wanted)
    return replies.CHANGED(path=Name(written(wanted)))


def changeUp(session: Session, _: str) -> Reply:
    """One up."""
    return changeDirectory(session, "..")


def reinitialize(session: Session, _: str) -> Reply:
    """Begin again, as if just connected."""
    session.logOut()
    session.startAgain()
    return replies.greeting(session.settings.greeting)


def goodbye(session: Session, _: str) -> None:
    """The end; a running job is finished first, because commands wait for their turn."""
    session.close(replies.GOODBYE)


async def _refuse(session: Session, sender: Sender) -> Reply | None:
    # Each guess costs a second more than the one before, and there are three.
    session.failedLogins += 1
    _log.warn(
        "login of {user!r} from {peer} failed, {failures} times in this session",
        user=sender.user,
        peer=sender.host,
        failures=session.failedLogins,
    )
    if not await session.penance(session.failedLogins):
        return None
    if session.failedLogins >= FAILED_LOGINS:
        session.closeAfter(replies.TOO_MANY_FAILURES)
    return replies.LOGIN_FAILED


def _welcome(session: Session) -> Reply:
    server = session.shell.server
    ports = server.ports[:SHOWN_PORTS]
    shown = [(port.name, port.description, port.settings.spool) for port in ports]
    return _banner(tuple(shown), len(server.ports) - len(shown), server.default.name)


@lru_cache(maxsize=8)
def _banner(shown: tuple[tuple[str, str, bool], ...], more: int, default: str) -> Reply:
    # Made once for all sessions, as long as no port is called otherwise.
    rows = [
        f"    {name:<15} Print to port {n} {printable(description)}{', spooled' if spooled else ''}"
        for n, (name, description, spooled) in enumerate(shown, start=1)
    ]
    if more:
        rows.append(f"    and {more} more, as LIST shows")
    banner = _LAYOUT.format(
        version=__version__, rule=_RULE, rows="\n".join(rows), blank="    ", default=default
    )
    return replies.LOGGED_IN(lines=Lines(banner))


COMMANDS: tuple[Command[Session], ...] = (
    Command("USER", "[name]", user, When.ALWAYS),
    Command("PASS", "[password]", password, When.ALWAYS),
    Command("ACCT", "[account]", account, When.ALWAYS),
    Command("CWD", "[path]", changeDirectory, also=("XCWD",)),
    Command("CDUP", "", changeUp, also=("XCUP",)),
    Command("REIN", "", reinitialize, When.ALWAYS),
    Command("QUIT", "", goodbye, When.ALWAYS),
)
