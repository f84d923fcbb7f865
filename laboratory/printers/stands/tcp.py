"""
C{socket:} and C{endpoint:tls:}: a printer on TCP, plain or with TLS.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from laboratory.printers.faults import STUCK, stream
from laboratory.printers.stands.stand import Kind, Stand
from tests.support.behaviours import NoPrinter
from tests.support.caller import Caller
from tests.support.certificate import selfSigned
from tests.support.rawprinter import Behaviour, RawPrinter

#: What a printer's kernel takes before the printer reads.
RECEIVE_BUFFER = 16384

#: Seconds for which the printer's close is awaited by the gateway; 90 by default.
FINISH_TIMEOUT = 1


def saysAndCloses(caller: Caller) -> None:
    """
    Another computer has the printer (HP's words).
    """
    caller.say(b"Port already in use\r\n")


class TCPStand(Stand):
    """
    @ivar printer: with all connections so far.
    """

    printer: RawPrinter | NoPrinter

    def __init__(self, fault: str, place: Path, host: str) -> None:
        super().__init__()
        self.fault = fault
        self.place = place
        self.printer = NoPrinter() if fault == "refused" else self.listening(host)
        self.uri = self.address(f"finish-timeout={FINISH_TIMEOUT}")

    def listening(self, host: str) -> RawPrinter:
        """The printer."""
        return RawPrinter(self.behaviour(), host=host, receiveBuffer=RECEIVE_BUFFER)

    def behaviour(self) -> Behaviour:
        """What it does with a connection."""
        return saysAndCloses if self.fault == "busy" else stream(self.fault, self.paper)

    def address(self, *options: str) -> str:
        """Its device URI."""
        return self.printer.uri(*options)

    def got(self) -> bytes:
        """Of all connections together: a job that came twice shows."""
        return b"" if isinstance(self.printer, NoPrinter) else b"".join(self.printer.jobs)

    def settle(self) -> None:
        """Until the connection ended, unless the printer keeps it."""
        if isinstance(self.printer, RawPrinter) and self.fault not in (*STUCK, "unplugged"):
            for number in range(len(self.printer.callers)):
                self.printer.waitForJob(number + 1)

    def goesOnAfter(self, count: int, seconds: float) -> None:
        """So long after so many bytes there is paper, or the time to leave."""

        def bring() -> None:
            self.waitForBytes(count)
            self.paper.wait(seconds)
            self.paper.set()

        threading.Thread(target=bring, daemon=True).start()

    def stop(self) -> None:
        self.paper.set()
        self.printer.stop()


class _PolitePrinter(ssl.SSLSocket):
    # Ends TLS as it ought to be ended: with close_notify before the FIN.

    def shutdown(self, how: int) -> None:
        if how == socket.SHUT_WR:
            self._goodBye()
        else:
            super().shutdown(how)

    def close(self) -> None:
        if self.fileno() >= 0 and not self.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self._goodBye()
        super().close()

    def _goodBye(self) -> None:
        # Said first; then, without waiting, the other side's is looked for.
        with contextlib.suppress(OSError, ValueError):
            self.settimeout(0)
            self.unwrap()
        with contextlib.suppress(OSError):
            self.settimeout(None)


class TLSPrinter(RawPrinter):
    """
    A raw printer behind TLS.

    @ivar lateness: seconds after which it begins with the handshake.
    """

    lateness = 0.0

    def __init__(self, behave: Behaviour, context: ssl.SSLContext, host: str) -> None:
        self._context = context
        super().__init__(behave, host=host, receiveBuffer=RECEIVE_BUFFER)

    def _serve(self, caller: Caller, behave: Behaviour) -> None:
        caller.pause(self.lateness)
        try:
            caller._wire = self._context.wrap_socket(caller._wire, server_side=True)
        except OSError:
            caller.close()
        else:
            super()._serve(caller, behave)


@functools.cache
def _certificate() -> bytes:
    # Its key takes a while.
    with tempfile.TemporaryDirectory() as scratch:
        return selfSigned(Path(scratch), "printer").read_bytes()


class TLSStand(TCPStand):
    """
    A printer behind TLS; its certificate is for the loopback addresses only.
    """

    def listening(self, host: str) -> RawPrinter:
        file = self.place / "printer.pem"
        file.write_bytes(_certificate())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslsocket_class = _PolitePrinter
        context.load_cert_chain(file)
        return TLSPrinter(self.behaviour(), context, host)

    def address(self, *options: str) -> str:
        roots = self.place / "roots"
        roots.mkdir()
        (roots / "printer.pem").write_bytes(_certificate())
        # Wherever it is, the certificate is for this name.
        where = rf"endpoint=tcp\:{self.printer.host}\:{self.printer.port}:trustRoots={roots}"
        return f"endpoint:tls:localhost:9100:{where}?{'&'.join(options)}"


SOCKET = Kind("socket", TCPStand)
TLS = Kind("endpoint:tls", TLSStand)
