"""
haproxy as a relay, with C{option splice-request}.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers.server import Server, freePort, program

_CONFIGURATION = """\
defaults
    mode tcp
    option splice-request
    timeout connect 10s
    timeout client 10m
    timeout server 10m
listen relay
    bind 127.0.0.1:{port}
    server printer 127.0.0.1:{sink}
"""


class Haproxy(Server):
    """A relay."""

    name = "haproxy splice-request"
    settings = "mode tcp, option splice-request, else the defaults"
    packages = "apt-get install haproxy"
    ftp = False

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        configuration = place / "haproxy.cfg"
        configuration.write_text(_CONFIGURATION.format(port=port, sink=sinks[0]))
        found = program("haproxy")
        assert found is not None
        super().__init__([found, "-db", "-f", str(configuration)], place, port)

    @classmethod
    def version(cls) -> str | None:
        found = program("haproxy")
        if found is None:
            return None
        text = subprocess.run([found, "-v"], capture_output=True, text=True).stdout
        version = re.search(r"version (\S+)", text)
        return version[1] if version else "unknown version"
