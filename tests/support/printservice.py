"""
One gateway with all kinds of listeners, and one printer that keeps what it got.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.certificate import selfSigned
from tests.support.gateway import Gateway
from tests.support.modes import IPV4, IPV6, TLS, Mode, hasIPv6
from tests.support.peer import Peer
from tests.support.rawprinter import RawPrinter


def _escaped(path: Path | str) -> str:
    return re.sub(r"([\\:=])", r"\\\1", str(path))


def listener(host: str, implicit: bool = False) -> str:
    """The endpoint string of any free port, with C{implicit} TLS or without."""
    at = _escaped(host)
    return (
        f"tls:0:interface={at}" if implicit else f"tcp{6 if ':' in host else ''}:0:interface={at}"
    )


def twistedListener(host: str, certificate: Path) -> str:
    """The same in Twisted's own way, which reads the certificate itself."""
    file = _escaped(certificate)
    return f"ssl:0:interface={_escaped(host)}:privateKey={file}:certKey={file}"


class PrintService(Peer):
    """
    The gateway and the printer behind its PORT1.

    @ivar trusted: a PEM file with the certificate that clients trust.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.trusted = selfSigned(directory)
        hosts = (IPV4, IPV6) if hasIPv6() else (IPV4,)
        self._places = [(host, implicit) for implicit in (False, True) for host in hosts]
        ports = []
        for host, implicit in self._places:
            ports += ["--port", listener(host, implicit)]
        self.printer = RawPrinter()
        try:
            self.gateway = Gateway(
                directory,
                *ports,
                "--printer",
                self.printer.uri("description=HP+LaserJet+4000"),
                "--max-sessions=50",
                f"--tls-certificate={self.trusted}",
                *options,
            )
        except BaseException:
            self.printer.stop()
            raise

    def port(self, mode: Mode) -> int:
        """Where a client connects in this mode."""
        return self.gateway.ports[self._places.index((mode.host, mode.tls is TLS.IMPLICIT))]

    def url(self, mode: Mode, login: str = "", path: str = "") -> str:
        """The gateway's root, or a path below, as a URL."""
        scheme = "ftps" if mode.tls is TLS.IMPLICIT else "ftp"
        return f"{scheme}://{login}{mode.urlHost}:{self.port(mode)}/{path}"

    def stop(self) -> None:
        """Close down."""
        self.gateway.stop()
        self.printer.stop()
