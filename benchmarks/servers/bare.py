"""
twistd with next to nothing to do: the floor of every start.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.servers.ours import environment, twistd
from benchmarks.servers.server import Server, freePort

_APPLICATION = """\
from twisted.application.internet import TCPServer
from twisted.application.service import Application
from twisted.internet.protocol import Factory, Protocol

application = Application("bare")
server = TCPServer({port}, Factory.forProtocol(Protocol), interface="127.0.0.1")
server.setServiceParent(application)
"""


class Bare(Server):
    """It listens."""

    name = "bare twistd"
    settings = "twistd -n -o -y with one TCPServer, logging to a file"
    ftp = False

    def __init__(self, place: Path, sinks: Sequence[int] = ()) -> None:
        port = freePort()
        application = place / "bare.tac"
        application.write_text(_APPLICATION.format(port=port))
        command = twistd(place, "--no_save", f"--python={application}")
        super().__init__(command, place, port, environment(), directory=place)

    @classmethod
    def version(cls) -> str | None:
        return metadata.version("Twisted")
