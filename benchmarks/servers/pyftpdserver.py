"""
python -m benchmarks.servers.pyftpdserver PORT SINK DIRECTORY [wait]
"""

from __future__ import annotations

import socket
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer


class Printer:
    """What the server takes for a file."""

    closed = False

    def __init__(self, sink: int, name: str, wait: bool) -> None:
        self.name = name
        self._wait = wait
        self._wire = socket.create_connection(("127.0.0.1", sink))

    def write(self, data: bytes) -> None:
        """The whole of it, however long the printer takes."""
        self._wire.sendall(data)

    def close(self) -> None:
        """The end of the job; the server says 226 when this returns."""
        self.closed = True
        if self._wait:
            self._wire.shutdown(socket.SHUT_WR)
            while self._wire.recv(65536):
                pass
        self._wire.close()


def main(port: int, sink: int, directory: str, wait: bool) -> None:
    """
    Serve until the process is ended.

    @param wait: a job is complete when the printer has closed, too.
    """

    class Files(AbstractedFS):  # type: ignore[misc]
        def open(self, filename: str, mode: str) -> Printer:
            return Printer(sink, filename, wait)

    class Handler(FTPHandler):  # type: ignore[misc]
        authorizer = DummyAuthorizer()
        abstracted_fs = Files

    Handler.authorizer.add_anonymous(directory, perm="elradfmwMT")
    server = FTPServer(("127.0.0.1", port), Handler)
    server.max_cons = 0
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:] == ["wait"])
