"""
A real web server (Python's own) that takes alarms, and checks who has sent them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Hook:
    """
    A web server on a free port of the loopback interface, in a thread of its own.

    @ivar answers: the status of its next answers; then 204.
    @ivar posted: what it was told, by whoever knows the secret.
    @ivar paths: where.
    @ivar forged: how often somebody did not know it.
    """

    def __init__(self, secret: bytes, certificate: Path | None = None) -> None:
        """@param certificate: for TLS."""
        self.answers: list[int] = []
        self.posted: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.forged = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                hook.paths.append(self.path)
                proof = hmac.new(secret, content, hashlib.sha256).hexdigest()
                said = self.headers.get("X-Jetdirect-Signature", "")
                if hmac.compare_digest(said, f"sha256={proof}"):
                    told = json.loads(content)
                    assert told["id"] == self.headers["X-Jetdirect-Id"]
                    hook.posted.append(told)
                else:
                    hook.forged += 1
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """It is quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # its end waits for theirs: all connections are closed
        self.port: int = self._server.server_address[1]
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """It listens no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
