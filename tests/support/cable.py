"""
The cable between a client and a server, which can be cut.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from tests.support.caller import resetConnection
from tests.support.peer import Peer


class Cable(Peer):
    """
    Passes on what comes on a TCP port of its own.

    @ivar port: where clients connect.
    """

    def __init__(self, server: int) -> None:
        """@param server: the TCP port behind it."""
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._whole = threading.Event()
        self._whole.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Nothing passes any more, either way, and nobody is told."""
        self._whole.clear()

    def reset(self) -> None:
        """All connections end, as they do when somebody is sure that the other is gone."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for each in pair:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                resetConnection(each)

    def plug(self) -> None:
        """What comes from now on passes; what was lost stays lost."""
        self.reset()
        self._whole.set()

    def stop(self) -> None:
        """The end."""
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if not self._whole.is_set():
            # The first packet of a connection is sent again and again, and then given up.
            self._whole.wait(3)
            resetConnection(client)
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._server), 5)
        except OSError:
            resetConnection(client)
            return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs.append((client, server))
        for ways in ((client, server), (server, client)):
            threading.Thread(target=self._pass, args=ways, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                while not self._whole.is_set():
                    time.sleep(0.02)
                    source.getpeername()  # or it was reset meanwhile
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
