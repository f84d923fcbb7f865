"""
A printer and a sender in memory, for the tests of programs that embed a gateway; a job for those
of transports.

No socket, no thread, no second of waiting::

    reactor = MemoryReactorClock()
    printer = FakePrinter()
    gateway = Gateway(Configuration([printer], listeners=[]), reactor)
    sender = FakeSender(gateway.factory)
    sender.login()
    assert sender.upload("page.ps", b"%!PS").endswith("4 bytes, delivered)")
    assert printer.jobs[0].data == b"%!PS"
"""

from .job import FakeJob
from .printer import FakePrinter, FakePrinterConnection
from .sender import FakeSender
from .wire import MemoryWire

__all__ = ["FakeJob", "FakePrinter", "FakePrinterConnection", "FakeSender", "MemoryWire"]
