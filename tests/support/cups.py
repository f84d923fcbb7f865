"""
A real print server: cupsd with a raw queue, spoken to by IPP, or by LPD through its cups-lpd.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.started import Daemon, borrowed, freePort

QUEUE = "raw"

_SERVER = """\
Listen 127.0.0.1:{port}
Listen {place}/cups.sock
DefaultAuthType None
WebInterface {web}
Browsing No
LogLevel info
PreserveJobFiles No
DirtyCleanInterval 0
ErrorPolicy abort-job
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
"""

_FILES = """\
ServerRoot {place}/etc
RequestRoot {place}/spool
TempDir {place}/spool/tmp
CacheDir {place}/cache
StateDir {place}/state
DataDir /usr/share/cups
ServerBin /usr/lib/cups
ErrorLog {place}/log/error_log
AccessLog {place}/log/access_log
PageLog {place}/log/page_log
User {user}
Group {group}
SystemGroup root
"""


class PrintServer(Peer):
    """
    cupsd with one raw queue to a printer.

    @ivar port: where it listens for IPP.
    @ivar startedIn: seconds from the command until it listened.
    """

    def __init__(
        self, device: str, queues: str = "", patience: float = PATIENCE, web: bool = False
    ) -> None:
        """
        @param device: the printer's device URI in CUPS's words.
        @param queues: a C{printers.conf} with other queues, to begin with.
        @param patience: seconds within which it listens.
        @param web: does it have its page?
        """
        cupsd = borrowed("cupsd", "cups")
        # Its backends run as another user, who may not enter pytest's directories.
        self._place = Path(tempfile.mkdtemp(prefix="cups-"))
        self.port = freePort()
        root = os.getuid() == 0
        user = pwd.getpwnam("lp") if root else pwd.getpwuid(os.getuid())
        for name in ("", "etc", "spool", "spool/tmp", "cache", "state", "log"):
            folder = self._place / name
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
            if root:
                os.chown(folder, user.pw_uid, user.pw_gid)
        words = {
            "place": self._place,
            "port": self.port,
            "user": user.pw_name,
            "group": user.pw_gid,
            "web": "Yes" if web else "No",
        }
        files = self._place / "cups-files.conf"
        server = self._place / "cupsd.conf"
        self.configuration.write_text(queues)
        files.write_text(_FILES.format(**words))
        server.write_text(_SERVER.format(**words))
        began = time.monotonic()
        self._daemon = Daemon(
            [cupsd, "-f", "-c", str(server), "-s", str(files)], self._place / "said"
        )
        try:
            self._daemon.waitForPort(self.port, patience)
            self.startedIn = time.monotonic() - began
            self.add(QUEUE, device, "-o", "printer-error-policy=abort-job")
        except BaseException:
            self.stop()
            raise

    def add(self, queue: str, device: str, *words: str) -> None:
        """
        Add another raw queue.

        @param words: of lpadmin, such as C{-D} and a description.
        """
        self.administer("-p", queue, "-E", "-v", device, "-m", "raw", *words)

    def administer(self, *words: str) -> None:
        """
        Do what lpadmin does.
        """
        command = [borrowed("lpadmin", "cups-client"), "-h", f"127.0.0.1:{self.port}", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    @property
    def configuration(self) -> Path:
        """
        Its C{printers.conf}.
        """
        return self._place / "etc" / "printers.conf"

    def print(self, queue: str, file: Path) -> None:
        """
        Print a file as it is.
        """
        lp = borrowed("lp", "cups-client")
        command = [lp, "-h", f"127.0.0.1:{self.port}", "-d", queue, "-o", "raw", str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    def uri(self, *options: str, queue: str = QUEUE) -> str:
        """
        The queue's device URI, with options such as C{waitjob=off}.
        """
        query = "?" + "&".join(options) if options else ""
        return f"ipp://127.0.0.1:{self.port}/printers/{queue}{query}"

    def set(self, word: str) -> None:
        """
        C{cupsaccept}, C{cupsreject}, C{cupsenable} or C{cupsdisable} the queue.
        """
        command = [borrowed(word, "cups-client"), "-h", f"127.0.0.1:{self.port}", QUEUE]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    def cancelNext(self) -> None:
        """
        Wait until a job waits in the queue, and cancel it.
        """
        host = ["-h", f"127.0.0.1:{self.port}"]
        deadline = time.monotonic() + PATIENCE
        while not (waiting := _output([borrowed("lpstat", "cups-client"), *host, "-o", QUEUE])):
            assert time.monotonic() < deadline, "no job in the queue"
            time.sleep(0.05)
        _output([borrowed("cancel", "cups-client"), *host, waiting.split()[0]])

    def stop(self) -> None:
        """
        End it.
        """
        self._daemon.stop()
        shutil.rmtree(self._place, ignore_errors=True)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, text=True)
    return done.stdout


class LPDServer(Peer):
    """
    cups-lpd before a print server, started for each connection, as inetd does.

    @ivar port: where it listens for LPD.
    """

    def __init__(self, server: PrintServer) -> None:
        self._command = [
            *mortal(borrowed("cups-lpd", "cups", "/usr/lib/cups/daemon")),
            *("-o", "document-format=application/octet-stream"),
            *("-h", f"127.0.0.1:{server.port}"),
        ]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._talking: list[subprocess.Popen[bytes]] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            with wire:
                line = wire.fileno()
                self._talking.append(subprocess.Popen(self._command, stdin=line, stdout=line))

    def uri(self, *options: str, queue: str = QUEUE) -> str:
        """
        The queue's device URI, with options such as C{finish-timeout=1}.
        """
        query = "?" + "&".join(options) if options else ""
        return f"lpd://127.0.0.1:{self.port}/{queue}{query}"

    def stop(self) -> None:
        """
        End it.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)
        for each in self._talking:
            each.terminate()
            each.wait(PATIENCE)
