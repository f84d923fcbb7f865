"""
Scripts that say everything and leave: QUIT, and then the end of their direction.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.caller import resetConnection
from tests.support.gateway import Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter

HOST = "127.0.0.1"
JOB = b"%!PS\nshowpage\n" * 1000


class Printed:
    """A gateway and its printer."""

    def __init__(self, place: Path) -> None:
        self.printer = RawPrinter()
        self.gateway = Gateway(place, "--printer", self.printer.uri())

    def control(self) -> socket.socket:
        """A control connection."""
        return socket.create_connection((HOST, self.gateway.port), PATIENCE)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """One for all."""
    one = Printed(tmp_path_factory.mktemp("quit"))
    yield one
    one.gateway.stop()
    one.printer.stop()


def rest(wire: socket.socket) -> list[int]:
    """The codes of all replies until the end of the connection."""
    heard = b""
    while data := wire.recv(65536):
        heard += data
    return [int(code) for code in re.findall(rb"^(\d{3}) ", heard, re.MULTILINE)]


def script(control: socket.socket, listener: socket.socket) -> None:
    """All commands in one packet, and the end."""
    high, low = divmod(listener.getsockname()[1], 256)
    port = f"PORT 127,0,0,1,{high},{low}"
    lines = ["USER a", "PASS b", "TYPE I", port, "STOR page.ps", "QUIT", ""]
    control.sendall("\r\n".join(lines).encode())
    control.shutdown(socket.SHUT_WR)


def test_allInOnePacket(printed: Printed) -> None:
    """Everything at once, QUIT and a half-close with it: 150, 226 and 221, and the job printed."""
    with printed.control() as control, socket.create_server((HOST, 0)) as listener:
        script(control, listener)
        listener.settimeout(PATIENCE)
        data, _ = listener.accept()
        with data:
            data.sendall(JOB)
        assert rest(control) == [220, 331, 230, 200, 200, 150, 226, 221]
    assert printed.printer.callers[-1].received == len(JOB)


def test_quitBehindTheData(printed: Printed) -> None:
    """QUIT and the half-close right behind the data's end, also when they are not read yet."""
    for _ in range(50):
        with printed.control() as control:
            control.sendall(b"USER a\r\nPASS b\r\nTYPE I\r\nEPSV\r\n")
            heard = b""
            while not (found := re.search(rb"\|\|\|(\d+)\|\)\r\n", heard)):
                heard += control.recv(65536)
            with socket.create_connection((HOST, int(found[1])), PATIENCE) as data:
                control.sendall(b"STOR page.ps\r\n")
                while b"150 " not in heard:
                    heard += control.recv(65536)
                data.sendall(JOB)
            control.sendall(b"QUIT\r\n")
            control.shutdown(socket.SHUT_WR)
            assert rest(control)[-2:] == [226, 221]


def test_resetBehindQuit(printed: Printed) -> None:
    """A sender that is reset behind its QUIT is lost, and its job with it."""
    with printed.control() as control, socket.create_server((HOST, 0)) as listener:
        script(control, listener)
        listener.settimeout(PATIENCE)
        data, _ = listener.accept()
        with data:
            data.sendall(JOB)
            printed.gateway.waitFor(r"job \d+ on PORT1: 'page.ps'")
            resetConnection(control)
    assert printed.gateway.waitFor(r"the control connection was lost")
