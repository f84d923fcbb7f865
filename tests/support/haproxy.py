"""
Debian's haproxy in front of a gateway, which tells it the client by the PROXY protocol.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from tests.support.packages import program
from tests.support.peer import PATIENCE, Peer

_CONFIGURATION = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen ftp
    bind {host}:{port}
    server gateway {gateway} {how}
"""


class HAProxy(Peer):
    """
    One that listens on a port of its own.

    @ivar port: where clients connect.
    """

    def __init__(self, directory: Path, gateway: str, how: str, host: str = "127.0.0.1") -> None:
        """
        @param gateway: its host and port.
        @param how: C{send-proxy} or C{send-proxy-v2}.
        @raise Missing: it is not installed.
        """
        found = program("haproxy")
        self.host = host
        with socket.socket() as probe:
            probe.bind((host, 0))
            self.port: int = probe.getsockname()[1]
        file = directory / f"haproxy-{self.port}.cfg"
        text = _CONFIGURATION.format(host=host, port=self.port, gateway=gateway, how=how)
        file.write_text(text)
        self._process = subprocess.Popen(
            [found, "-db", "-q", "-f", str(file)], stdin=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            assert self._process.poll() is None, "haproxy ended at once"
            assert time.monotonic() < deadline, "haproxy does not listen"
            time.sleep(0.02)

    def _listens(self) -> bool:
        # Without connecting: that would be a session of the gateway's.
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and int(local.rpartition(":")[2], 16) == self.port:
                return True
        return False

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE)
