"""
Access control commands (RFC 959, section 4.1.1).
"""

from __future__ import annotations

from twisted.cred.error import LoginFailed, UnhandledCredentials

from ... import __version__
from ...job import Sender
from ...text import printable
from .. import replies
from ..interpreter import Interpreter, command
from ..paths import written
from ..realm import logIn
from ..replies import Lines, Name, Reply

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


class AccessCommands(Interpreter):
    """Who is there, and which printing port is meant."""

    _failures = 0

    @command("USER [name]", beforeLogin=True)
    def ftp_USER(self, name: str) -> Reply:
        """Any name will do, an empty one too; naming oneself anew ends the login."""
        self.logOut()
        if self.settings.requireTLS and not self.secure:
            return replies.SECURE_LOGIN
        self.user = name
        return replies.NEED_PASSWORD

    @command("PASS [password]", beforeLogin=True)
    async def ftp_PASS(self, password: str) -> Reply | None:
        """Log in; the 230 lists the printing ports."""
        if self.user is None or self.shell is not None:
            return replies.USER_FIRST
        sender = Sender(printable(self.user), self.peer, self.peerPort)
        try:
            shell, logout = await logIn(self.factory.portal, self.user, password, sender)
        except (LoginFailed, UnhandledCredentials):
            return await self._refuse(sender)
        self.loggedIn(shell, logout)
        if self.shell is None:
            return None  # too late
        return replies.LOGGED_IN(lines=self._banner())

    @command("ACCT [account]", beforeLogin=True)
    def ftp_ACCT(self, account: str) -> Reply:
        """Printing is not accounted."""
        return replies.SUPERFLUOUS

    @command("CWD [path]")
    def ftp_CWD(self, path: str) -> Reply:
        """Choose the printing port, or none: the default one."""
        wanted = self.resolve(path)
        if not self.printShell.names.isDirectory(wanted):
            raise self.printShell.noSuchPlace(path)
        self.directory = list(wanted)
        return replies.CHANGED(path=Name(written(wanted)))

    @command("CDUP")
    def ftp_CDUP(self, _: str) -> Reply:
        """One up."""
        return self.ftp_CWD("..")

    @command("REIN", beforeLogin=True)
    def ftp_REIN(self, _: str) -> Reply:
        """Begin again, as if just connected."""
        self.logOut()
        self.startAgain()
        return replies.GREETING(greeting=self.settings.greeting)

    @command("QUIT", beforeLogin=True)
    def ftp_QUIT(self, _: str) -> None:
        """The end; a running job is finished first, because commands wait for their turn."""
        self.close(replies.GOODBYE)

    ftp_XCWD = ftp_CWD
    ftp_XCUP = ftp_CDUP

    async def _refuse(self, sender: Sender) -> Reply | None:
        # Each guess costs a second more than the one before, and there are three.
        self._failures += 1
        self._log.warn(
            "login of {user!r} from {peer} failed, {failures} times in this session",
            user=sender.user,
            peer=sender.host,
            failures=self._failures,
        )
        if not await self.penance(self._failures):
            return None
        if self._failures >= FAILED_LOGINS:
            self.closeAfter(replies.TOO_MANY_FAILURES)
        return replies.LOGIN_FAILED

    def _banner(self) -> Lines:
        ports = self.printShell.server.ports
        rows = [
            f"    {port.name:<15} Print to port {n} {printable(port.description)}"
            for n, port in enumerate(ports[:SHOWN_PORTS], start=1)
        ]
        if len(ports) > SHOWN_PORTS:
            rows.append(f"    and {len(ports) - SHOWN_PORTS} more, as LIST shows")
        return Lines(
            _LAYOUT.format(
                version=__version__,
                rule=_RULE,
                rows="\n".join(rows),
                blank="    ",
                default=ports[0].name,
            )
        )
