"""
The servers that are not ours.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import twisted

from laboratory.controls.daemon import Daemon
from laboratory.controls.server import End, Record
from laboratory.controls.talk import Talk
from tests.support.packages import PEERS, Missing

_SCRIPTS = Path(__file__).parent / "scripts"
_UNPACKED = PEERS / "daemons"
_COMPLETE = {True: End.COMPLETE, False: End.CUT}


class Twisted(Daemon):
    """Stock C{twisted.protocols.ftp}."""

    title = f"Twisted {twisted.__version__}"

    def command(self) -> Sequence[str]:
        """L{Daemon}."""
        script = str(_SCRIPTS / "ftp_twisted.py")
        words = [str(self.port), str(self.uploads), self.user, self.password, str(self._record)]
        return [sys.executable, script, *words]

    @property
    def _record(self) -> Path:
        return self.place / "record"

    def records(self) -> Mapping[str, Record]:
        """L{Server}: it has no record but its C{IWriteFile.close}, which means success."""
        names = self._record.read_text().splitlines() if self._record.exists() else []
        return {name: Record(End.COMPLETE, _size(self.uploads / name)) for name in names}


class Pyftpdlib(Daemon):
    """pyftpdlib as it comes."""

    def __init__(self) -> None:
        self._python = PEERS / "venv/bin/python"
        ask = [str(self._python), "-c", "import pyftpdlib; print(pyftpdlib.__ver__)"]
        try:
            said = subprocess.run(ask, capture_output=True, timeout=30)
        except OSError:
            said = None
        if said is None or said.returncode != 0:
            raise Missing("pyftpdlib (PyPI) is missing: run laboratory/controls/install")
        self.title = f"pyftpdlib {said.stdout.decode().strip()}"
        super().__init__()

    def command(self) -> Sequence[str]:
        """L{Daemon}."""
        script = str(_SCRIPTS / "ftp_pyftpdlib.py")
        words = [str(self.port), str(self.uploads), self.user, self.password]
        return [str(self._python), script, *words]

    def records(self) -> Mapping[str, Record]:
        """L{Server}: the log line of each STOR."""
        found = re.findall(r" STOR \S*/(\S+) completed=([01]) bytes=(\d+) ", self.log)
        return {
            name: Record(_COMPLETE[complete == "1"], int(size)) for name, complete, size in found
        }


class Unpacked(Daemon):
    """A program of Debian's, installed or only unpacked; as root it is run as nobody."""

    unprivileged = True
    name: str

    def __init__(self) -> None:
        installed = shutil.which(self.name, path="/usr/sbin:/usr/local/sbin")
        self._program = Path(installed or _UNPACKED / "usr/sbin" / self.name)
        if not self._program.exists():
            raise Missing(f"{self.name} is missing: run laboratory/controls/install")
        super().__init__()

    def copied(self) -> str:
        """A copy of the program where nobody in particular may come."""
        self.place.chmod(0o755)
        if self._program.is_relative_to(_UNPACKED):
            shutil.copytree(_UNPACKED / "usr/lib", self.place / "lib", symlinks=True)
        return str(shutil.copy(self._program, self.place))

    def environment(self) -> Mapping[str, str]:
        """L{Daemon}: with the libraries that came with it."""
        unpacked = self.place.glob("lib/*-linux-gnu*")
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, unpacked))}


class Vsftpd(Unpacked):
    """vsftpd with anonymous uploads, the only ones for which it needs no root."""

    name = "vsftpd"
    user = "anonymous"

    def __init__(self) -> None:
        super().__init__()
        with Talk(self.port, login=False) as talk:
            found = re.search(r"vsFTPd [\d.]+", talk.greeting)
            self.title = found[0].lower() if found else self.name

    def command(self) -> Sequence[str]:
        """L{Daemon}."""
        program = self.copied()
        configuration = self.place / "vsftpd.conf"
        configuration.write_text(
            _VSFTPD.format(port=self.port, uploads=self.uploads, log=self.place / "vsftpd.log")
        )
        return [program, str(configuration)]

    def records(self) -> Mapping[str, Record]:
        """L{Server}: its own log."""
        found = re.findall(r'(OK|FAIL) UPLOAD: Client "[^"]*", "/?(?:[^"]*/)?([^"/]+)"', self.log)
        return {name: Record(_COMPLETE[word == "OK"]) for word, name in found}


_VSFTPD = """\
listen=YES
background=NO
listen_address=127.0.0.1
listen_port={port}
run_as_launching_user=YES
anonymous_enable=YES
ftp_username=nobody
anon_root={uploads}
anon_upload_enable=YES
anon_umask=022
write_enable=YES
seccomp_sandbox=NO
xferlog_enable=YES
vsftpd_log_file={log}
"""


class Proftpd(Unpacked):
    """proftpd that shows an upload under its name only when it is whole (HiddenStores)."""

    name = "proftpd"

    def command(self) -> Sequence[str]:
        """L{Daemon}."""
        program = self.copied()
        said = subprocess.run([program, "-v"], env=self.environment(), capture_output=True)
        found = re.search(rb"Version (\S+)", said.stdout + said.stderr)
        self.title = f"proftpd {found[1].decode() if found else '?'}"
        nobody = pwd.getpwuid(os.getuid() or pwd.getpwnam("nobody").pw_uid)
        users = self.place / "users"
        home = f"{nobody.pw_uid}:{nobody.pw_gid}::{self.uploads}:/bin/sh"
        users.write_text(f"{self.user}:{_PASSWORD}:{home}\n")
        users.chmod(0o600)
        configuration = self.place / "proftpd.conf"
        configuration.write_text(
            _PROFTPD.format(
                port=self.port,
                place=self.place,
                user=nobody.pw_name,
                group=grp.getgrgid(nobody.pw_gid).gr_name,
            )
        )
        return [program, "--nodaemon", "--config", str(configuration)]

    def records(self) -> Mapping[str, Record]:
        """L{Server}: the transfer log, xferlog(5)."""
        found = re.findall(r" \d+ \S+ (\d+) \S*/(\S+) [ab] \S+ i \S .* ([ci])$", self.log, re.M)
        return {name: Record(_COMPLETE[state == "c"], int(size)) for size, name, state in found}


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.exists() else None


#: crypt(3) of L{Server.password}: C{openssl passwd -6 -salt controls}.
_PASSWORD = (
    "$6$controls$OYW204TGZZIH4HCHSORcK1EPFnompqJ8NOz87.nZQW5929xUDEHN3ulWrDe2Dv10pH0FIuyFXr"
    "/E94MgvlUgO0"
)

_PROFTPD = """\
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port {port}
UseIPv6 off
User {user}
Group {group}
PidFile {place}/pid
ScoreboardFile {place}/scoreboard
DelayTable {place}/delays
DelayEngine off
SystemLog {place}/system.log
TransferLog {place}/xfer.log
WtmpLog off
AuthOrder mod_auth_file.c
AuthUserFile {place}/users
RequireValidShell off
AllowOverwrite on
HiddenStores on
"""
