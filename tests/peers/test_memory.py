"""
The gateway keeps a bounded part of a job, however large the job and however slow the printer.
"""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

from tests.support.behaviours import pausedAfter
from tests.support.caller import Caller
from tests.support.gateway import Gateway
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import Session, delivered, lastLine, push, streamDigest

MIB = 1024 * 1024

#: What a gateway may grow by while one job goes through it.
GROWTH = 8 * MIB


def test_largeJobThroughAPausedPrinter(tmp_path: Path) -> None:
    """
    256 MiB, held up by the printer near the beginning and again in the middle, leave no trace.
    """
    size = 256 * MIB
    gates = [threading.Event(), threading.Event()]

    def paused(caller: Caller) -> None:
        for gate, place in zip(gates, [MIB, size // 2], strict=True):
            caller.readUntil(place)
            caller.waitFor(gate)
        caller.readAll()

    with (
        RawPrinter(good, paused, keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        session.send(bytes(MIB))  # what the first job ever needs is not this job's
        before = gateway.memory()
        with session.upload() as wire:
            sent = 0
            for gate in gates:
                sent = push(wire, size, sent)
                assert sent < size
                assert gateway.memory() - before < GROWTH
                gate.set()
            assert push(wire, size, sent, patience=20) == size
        reply = session.reply()
        assert re.search(delivered("PORT1", size), lastLine(reply)), reply
        assert gateway.memory("VmHWM") - before < GROWTH
        assert printer.callers[1].digest == streamDigest(size)


def test_dataWithoutACommandIsNotRead(tmp_path: Path) -> None:
    """
    64 MiB pushed into a passive data connection before any STOR stay with the sender.
    """
    size = 64 * MIB
    with (
        RawPrinter(keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        session.send(bytes(MIB))
        before = gateway.memory()
        host, port = session.makepasv()
        with socket.create_connection((host, port)) as wire:
            assert push(wire, size) < size
            assert gateway.memory("VmHWM") - before < GROWTH
        assert len(printer.callers) == 1


def test_dataOfAWaitingJobIsNotRead(tmp_path: Path) -> None:
    """
    Nor is anything read while the job waits for its turn at the printer.
    """
    size = 64 * MIB
    gate = threading.Event()
    with (
        RawPrinter(pausedAfter(5, gate), good, keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as first,
        Session(gateway.port) as second,
    ):
        printing = first.upload()
        printing.sendall(b"hello")
        printer.waitForBytes(1, 5)
        before = gateway.memory()
        host, port = second.makepasv()
        with socket.create_connection((host, port)) as wire:
            second.putcmd("STOR second.prn")
            sent = push(wire, size)
            assert sent < size
            assert gateway.memory("VmHWM") - before < GROWTH
            gate.set()
            printing.close()
            assert re.search(delivered("PORT1", 5), lastLine(first.reply()))
            assert second.reply().startswith("150")
            assert push(wire, size, sent, patience=20) == size
        assert re.search(delivered("PORT1", size), lastLine(second.reply()))
        assert printer.callers[1].digest == streamDigest(size)
