"""
Who says that it provides an interface provides it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as theReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementedBy, providedBy
from zope.interface.verify import verifyClass, verifyObject

import jetdirect
from jetdirect.configuration import Configuration
from jetdirect.ftp.data import DataTerms
from jetdirect.ftp.dataports import PassivePort
from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.ftp.shell import PrintShell
from jetdirect.gateway import Gateway
from jetdirect.job import Job, Sender
from jetdirect.net.dial import addressEndpoint
from jetdirect.net.dialing import Connector
from jetdirect.net.events import Events
from jetdirect.net.facts import KernelFacts, NoFacts
from jetdirect.net.listener import Listener, Reserve
from jetdirect.net.network import networkOf
from jetdirect.net.stream import Stream
from jetdirect.server import PrintServer
from jetdirect.testing import FakeJob, FakePrinter, FakeSender, MemoryWire
from jetdirect.transports.build import transportFor
from jetdirect.transports.dressing import DressedJob, DressedTransport, Dressing
from jetdirect.transports.file.transport import FileConnection, FileTransport, PartFile
from jetdirect.transports.policy import PJLPolicy, policed
from jetdirect.transports.scheme import PrinterScheme
from jetdirect.transports.socket import SocketConnection, SocketTransport
from jetdirect.watch.log import LogWatcher

SENDER = Sender("ann", "192.0.2.1", 40001)


def job() -> Job:
    return Job(1, "PORT1", "page.ps", SENDER, None, Clock())


def server() -> PrintServer:
    return PrintServer([FakePrinter()], Clock())


def session() -> Any:
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    return FakeSender(gateway.factory).control


def opened(transport: Any) -> Any:
    connections: list[Any] = []
    transport.open(job()).addCallback(connections.append)
    return connections[0]


def socketTransport() -> SocketTransport:
    transport = transportFor(MemoryReactorClock(), "socket://printer")
    assert isinstance(transport, SocketTransport)
    return transport


def fileTransport(directory: Path) -> FileTransport:
    reactor: Any = MemoryReactorClock()
    return FileTransport(reactor, str(directory))


def fileConnection(directory: Path) -> FileConnection:
    part = PartFile.create(str(directory), 1)
    part.discard()
    return FileConnection(fileTransport(directory), job(), part)


def stream() -> Stream:
    with socket.socket() as wire:
        return Stream(wire, Events(networkOf(theReactor)), ("127.0.0.1", 9100))


def listener() -> Listener:
    return Listener(Events(networkOf(theReactor)), Clock(), Reserve(Clock()), Factory())


def passivePort() -> PassivePort:
    reactor: Any = MemoryReactorClock()
    return PassivePort(reactor, DataTerms(900.0), "192.0.2.1", "192.0.2.7")


def kernelFacts() -> KernelFacts:
    with socket.socket() as wire:
        return KernelFacts(wire.fileno())


def printerAt(uri: str) -> Callable[[], Any]:
    return lambda: transportFor(MemoryReactorClock(), uri)


PROVIDERS: list[Callable[..., Any]] = [
    job,
    FakeJob,
    lambda: DressedJob(FakeJob(), Dressing()),
    printerAt("socket://printer?pjl=on"),
    printerAt("socket://printer?snmp=on"),
    printerAt("parallel:/dev/lp0"),
    printerAt("usb:/dev/usb/lp0"),
    printerAt("serial:/dev/ttyS0"),
    printerAt("lpd://server/queue"),
    printerAt("ipp://printer"),
    lambda: policed(FakePrinter(), PJLPolicy.LOG),
    lambda: opened(policed(FakePrinter(), PJLPolicy.LOG)),
    lambda: opened(policed(FakePrinter(), PJLPolicy.REFUSE)),
    FakePrinter,
    lambda: opened(FakePrinter()),
    socketTransport,
    lambda: SocketConnection(socketTransport(), job()),
    fileTransport,
    fileConnection,
    lambda: DressedTransport(FakePrinter(), Dressing()),
    lambda: opened(DressedTransport(FakePrinter(), Dressing())),
    passivePort,
    lambda: PrinterScheme("paper", "paper:tray", "paper.printer"),
    kernelFacts,
    NoFacts,
    lambda: networkOf(theReactor),
    lambda: Events(networkOf(theReactor)),
    stream,
    listener,
    lambda: Connector(Events(networkOf(theReactor)), Clock(), Factory(), ("127.0.0.1", 9100)),
    lambda: addressEndpoint(networkOf(theReactor), "127.0.0.1", 9100),
    lambda: MemoryWire(Protocol()),
    AnyName,
    lambda: PrintRealm(server()),
    lambda: PrintShell(server(), SENDER),
    LogWatcher,
    session,
]


ELSEWHERE = {
    "Stream": "test_web_events",
    "Streams": "test_web_events",
    "AppendTransport": "test_file",
    "AskedDraft": "test_spool_files",
    "FifoConnection": "test_file",
    "DraftWriter": "test_spool_gateway",
    "FifoTransport": "test_file",
    "FileData": "test_spool_files",
    "FileDraft": "test_spool_files",
    "FileSpool": "test_spool_files",
    "GapTransport": "test_gap",
    "FileHistory": "test_watch_filehistory",
    "FileState": "test_spool_state",
    "History": "test_watch_history",
    "Intake": "test_spool_gateway",
    "KernelData": "test_spool_wires",
    "KeptJob": "test_spool_gateway",
    "Metrics": "test_watch_metrics",
    "MailReceiver": "test_watch_mail",
    "Notifier": "test_watch_notify",
    "WebhookReceiver": "test_watch_webhook",
    "PostgreSQLData": "test_postgresql",
    "PostgreSQLSpool": "test_postgresql",
    "UploadedJob": "test_spool_gateway",
    "IPPConnection": "test_ipp",
    "Operator": "test_verbs",
    "ParallelConnection": "test_parallel",
    "PJLConnection": "test_pjl_job",
    "SerialConnection": "test_serial",
    "SpooledConnection": "test_lpd",
    "StreamedConnection": "test_lpd",
    "Systemd": "test_watch_systemd",
    "USBConnection": "test_usb",
}
"""Those whose objects want a real thread, file or line, and the tests that look at one."""


def made(make: Callable[..., Any], directory: Path) -> Any:
    """Call C{make}, with a directory for who wants one."""
    return make(directory) if make in (fileTransport, fileConnection) else make()


def ours() -> Iterator[type]:
    """The classes of jetdirect that declare an interface."""
    for found in pkgutil.walk_packages(jetdirect.__path__, "jetdirect."):
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == found.name and implementedBy(kind).declared:
                yield kind


@pytest.mark.parametrize("make", PROVIDERS)
def test_provider(make: Callable[..., Any], tmp_path: Path) -> None:
    """An object has the methods and the attributes of the interfaces that it provides."""
    provider = made(make, tmp_path)

    interfaces = list(providedBy(provider))
    assert interfaces
    for interface in interfaces:
        verifyObject(interface, provider)


@pytest.mark.parametrize("kind", list(ours()), ids=lambda kind: kind.__name__)
def test_class(kind: type) -> None:
    """A class has the methods of the interfaces that it declares, with their arguments."""
    for interface in implementedBy(kind).declared:
        verifyClass(interface, kind)


def test_mostAreVerified(tmp_path: Path) -> None:
    """A class that provides one of jetdirect's own interfaces has an object among those above."""
    verified = {type(made(make, tmp_path)) for make in PROVIDERS}

    for kind in ours():
        if any(each.__module__.startswith("jetdirect.") for each in implementedBy(kind).declared):
            if kind in verified:
                continue
            assert kind.__name__ in ELSEWHERE, f"{kind}: add what makes one to PROVIDERS"
            other = Path(__file__).with_name(f"{ELSEWHERE[kind.__name__]}.py")
            assert "verifyObject(" in other.read_text(), kind
