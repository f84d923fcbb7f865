"""
Asking a printer by SNMP: the encoding, what the answers mean, and printers that give none.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError, MessageLengthError
from twisted.internet.task import Clock

import jetdirect.transports.snmp.transport as module
from jetdirect.interfaces import IAskedApart, PrinterStatus
from jetdirect.testing import FakePrinter
from jetdirect.transports.build import transportFor
from jetdirect.transports.snmp import ber
from jetdirect.transports.snmp.transport import (
    DESCRIPTION,
    DEVICE_ID,
    ERRORS,
    OBJECTS,
    PAGES,
    STATUS,
    TRIES,
    Query,
    SNMPTransport,
    answer,
    question,
    statusOfValues,
)
from jetdirect.uri import parse
from tests.support.packages import Missing, peer
from tests.support.peer import PATIENCE, mortal

reactor: Any = theReactor


# The encoding


@given(st.integers(-(2**31), 2**31 - 1))
@example(-(2**31))
@example(2**31 - 1)
def test_numbers(number: int) -> None:
    """A number comes back."""
    assert ber.whole(bytes(ber.integer(number))).number == number


@pytest.mark.parametrize(
    ("tag", "content", "number"),
    [
        (ber.COUNTER, b"\0\xff\xff\xff\xff", 2**32 - 1),
        (ber.COUNTER, b"\xff\xff\xff\xff", 2**32 - 1),  # without the zero: some agents
        (ber.COUNTER, bytes(9) + b"\x07", 7),
        (ber.COUNTER, b"\1\0\0\0\0", None),
        (ber.COUNTER, b"\xff" * 4000, None),
        (ber.INTEGER, b"\0\x80\0\0\0", None),
        (ber.INTEGER, b"\xff\x7f\xff\xff\xff", None),
        (ber.INTEGER, b"\x7f" * 4000, None),
    ],
)
def test_longNumbers(tag: int, content: bytes, number: int | None) -> None:
    """SNMP's numbers have 32 bits (RFC 2578, section 7.1); a longer one is none."""
    value = ber.Value(tag, content)
    if number is None:
        with pytest.raises(ValueError, match="no number of 32 bits"):
            _ = value.number
    else:
        assert value.number == number


@given(st.binary(max_size=70_000))
def test_anyBytes(data: bytes) -> None:
    """Whatever comes is taken apart, or refused, in one way only."""
    try:
        values = ber.Value(ber.SEQUENCE, data).values
    except ValueError:
        return
    assert sum(len(each.content) for each in values) <= len(data)


def test_objectIDs() -> None:
    """Arcs above 127 take several octets (X.690, section 8.19); the first is sysDescr."""
    assert bytes(ber.objectID("1.3.6.1.2.1.1.1.0")) == bytes.fromhex("06082b06010201010100")
    assert bytes(ber.objectID("1.3.6.1.4.1.2699.1")) == bytes.fromhex("06082b06010401950b01")


def test_longValues() -> None:
    """Lengths above 127 take several octets."""
    value = ber.octets(bytes(300))
    assert bytes(value)[:4] == bytes.fromhex("0482012c")
    assert ber.whole(bytes(value)) == value


@pytest.mark.parametrize("data", ["", "02", "0201", "020101020101", "028201", "0284ffffffff00"])
def test_cut(data: str) -> None:
    """What is cut, or is more than one value, is no value."""
    with pytest.raises(ValueError):
        ber.whole(bytes.fromhex(data))


# What it means


def bits(*numbers: int) -> ber.Value:
    """Bits of hrPrinterDetectedErrorState."""
    return ber.octets(bytes(sum(0x80 >> n % 8 for n in numbers if n // 8 == o) for o in (0, 1)))


IDLE = PrinterStatus("idle")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, PrinterStatus()),
        ({STATUS: ber.integer(3)}, PrinterStatus("idle")),
        ({STATUS: ber.integer(4), ERRORS: ber.octets(b"")}, PrinterStatus("processing")),
        ({STATUS: ber.integer(1)}, PrinterStatus()),
        ({ERRORS: bits(1)}, PrinterStatus("stopped", ("media-empty",))),
        ({ERRORS: bits(4, 5, 6)}, PrinterStatus("stopped", ("door-open", "media-jam", "offline"))),
        ({ERRORS: bits(1, 13)}, PrinterStatus("stopped", ("media-empty",))),
        (
            {STATUS: ber.integer(3), ERRORS: bits(0, 2)},
            PrinterStatus("idle", ("media-low", "toner-low")),
        ),
        ({ERRORS: bits(12, 14)}, PrinterStatus("stopped", ("output-area-full",))),
        ({PAGES: ber.Value(ber.COUNTER, b"\x04\xd2")}, PrinterStatus(pages=1234)),
        ({STATUS: ber.integer(3), PAGES: ber.Value(ber.COUNTER, b"1" * 4000)}, IDLE),
        ({STATUS: ber.integer(3), PAGES: ber.integer(-2)}, IDLE),  # unknown (RFC 3805)
        ({STATUS: ber.integer(3), PAGES: ber.octets(b"7")}, IDLE),
        ({DEVICE_ID: ber.octets(b"MFG:Acme;MDL:X;")}, PrinterStatus(model="Acme X")),
        ({DESCRIPTION: ber.octets(b" HP LaserJet ")}, PrinterStatus(model="HP LaserJet")),
    ],
)
def test_status(values: dict[str, ber.Value], status: PrinterStatus) -> None:
    """States and reasons are RFC 8011's."""
    assert statusOfValues(values) == status


def response(
    number: int,
    values: dict[str, ber.Value],
    error: int = 0,
    index: int = 0,
    tag: int = ber.RESPONSE,
) -> bytes:
    """An agent's answer."""
    pairs = [ber.sequence(ber.objectID(name), value) for name, value in values.items()]
    body = (ber.integer(number), ber.integer(error), ber.integer(index), ber.sequence(*pairs))
    return bytes(ber.sequence(ber.integer(0), ber.octets(b"public"), ber.sequence(*body, tag=tag)))


def test_answer() -> None:
    """An answer has values for objects that were asked for, and others do not matter."""
    values = {STATUS: ber.integer(3), "1.3.6.1.2.1.1.1.0": ber.octets(b"x")}
    assert answer(response(7, values), 7, OBJECTS) == {STATUS: ber.integer(3)}
    assert answer(response(7, {}, error=2, index=2), 7, OBJECTS) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SNMP",
        response(8, {}),
        response(7, {}, tag=ber.GET),
        response(7, {}, error=5),
        response(7, {}, error=2, index=9),
        question(7, OBJECTS),
    ],
)
def test_noAnswer(data: bytes) -> None:
    """Anything else is no answer to the question."""
    with pytest.raises(ValueError):
        answer(data, 7, OBJECTS)


# Asking


class Wire:
    """
    A datagram transport that keeps what is sent.

    @ivar broken: what the system says to the next datagrams.
    """

    def __init__(self, broken: Exception | None = None) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self.broken = broken

    def write(self, data: bytes, peer: tuple[str, int]) -> None:
        assert peer[1] == 161
        self.sent.append(data)
        if self.broken is not None:
            raise self.broken

    def stopListening(self) -> None:
        self.closed = True


class Question:
    """A question on its way."""

    def __init__(
        self,
        address: str = "192.0.2.7",
        broken: Exception | None = None,
        community: bytes = b"public",
    ) -> None:
        self.clock = Clock()
        self.query = Query(self.clock, address, community)
        self.wire = Wire(broken)
        self.told: list[PrinterStatus | None] = []
        self.query.answered.addCallback(self.told.append)
        wire: Any = self.wire
        self.query.makeConnection(wire)

    @property
    def number(self) -> int:
        """The number of the last question."""
        return ber.whole(self.wire.sent[-1]).values[2].values[0].number

    def hear(self, data: bytes, host: str = "192.0.2.7") -> None:
        """Something comes."""
        self.query.datagramReceived(data, (host, 161))


def test_answered() -> None:
    """One question, one answer, and the socket is closed."""
    asking = Question()
    asking.hear(response(asking.number, {STATUS: ber.integer(3)}))
    assert asking.told == [PrinterStatus("idle")]
    assert asking.wire.closed
    assert not asking.clock.getDelayedCalls()


def test_askedAgain() -> None:
    """A lost datagram is asked for again; a printer that never answers is left alone."""
    asking = Question()
    asking.clock.pump([1.0] * (TRIES - 1))
    assert len(asking.wire.sent) == TRIES
    assert not asking.told
    asking.clock.advance(1)
    assert asking.told == [None]
    assert asking.wire.closed


def test_objectsThatItDoesNotHave() -> None:
    """A printer without some of the objects is asked for the others."""
    asking = Question()
    asking.hear(response(asking.number, {}, error=2, index=3))
    asking.hear(response(asking.number, {}, error=2, index=3))
    asking.hear(response(asking.number, {STATUS: ber.integer(4)}))
    assert asking.told == [PrinterStatus("processing")]
    for wanted in (PAGES, DEVICE_ID):
        assert bytes(ber.objectID(wanted)) not in asking.wire.sent[-1]


def test_nothingLeftToAsk() -> None:
    """A printer that has nothing of it is left alone."""
    asking = Question()
    for _ in OBJECTS:
        asking.hear(response(asking.number, {}, error=2, index=1))
    assert asking.told == [None]


@pytest.mark.parametrize(
    "noise",
    [b"", b"\x30", response(0, {}), response(1, {STATUS: ber.octets(b"x")})],
)
def test_noise(noise: bytes) -> None:
    """Nonsense, and answers to other questions, are overheard; so is everybody else."""
    asking = Question()
    asking.hear(noise)
    asking.hear(response(asking.number, {STATUS: ber.octets(b"x")}))
    asking.hear(response(asking.number, {STATUS: ber.integer(3)}), "192.0.2.8")
    assert not asking.told
    asking.hear(response(asking.number, {STATUS: ber.integer(3)}))
    assert asking.told == [PrinterStatus("idle")]


REFUSED: list[Exception] = [
    OSError(errno.EACCES, "a firewall"),
    OSError(errno.ENETUNREACH, "no route"),
    MessageLengthError("too long"),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_datagramRefused(refused: Exception) -> None:
    """A datagram that the system does not send is one without an answer."""
    asking = Question(broken=refused)
    assert len(asking.wire.sent) == 1
    asking.clock.pump([1.0] * TRIES)
    assert asking.told == [None]
    assert asking.wire.closed


@pytest.mark.parametrize("refused", REFUSED)
def test_laterDatagramRefused(refused: Exception) -> None:
    """So is the second one; and the third is answered, for all that."""
    asking = Question()
    asking.wire.broken = refused
    asking.clock.advance(1)
    assert asking.told == []
    asking.hear(response(asking.number, {STATUS: ber.integer(3)}))
    assert asking.told == [IDLE]


@pytest.mark.parametrize(
    ("asked", "answers", "same"),
    [
        ("0:0:0:0:0:0:0:1", "::1", True),
        ("0000::1", "::1", True),
        ("2001:DB8::1", "2001:db8::1", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7", True),
        ("::1", "::2", False),
        ("192.0.2.7", "192.0.2.8", False),
    ],
)
def test_whoAnswers(asked: str, answers: str, same: bool) -> None:
    """An address is the same however it is written."""
    asking = Question(asked)
    asking.hear(response(asking.number, {STATUS: ber.integer(3)}), answers)
    assert asking.told == [IDLE] * same


def test_community() -> None:
    """The community is the operator's, and C{public} by default."""
    assert b"\x04\x06public" in Question().wire.sent[0]
    assert b"\x04\x03s3x" in Question(community=b"s3x").wire.sent[0]


def test_communityOption() -> None:
    """It is a word of the URI, and in no name that is logged."""
    transport = transportFor(reactor, "socket://printer?snmp=on&community=s3%26cret")
    assert isinstance(transport, SNMPTransport)
    assert transport.community == b"s3&cret"
    assert "s3" not in transport.uri + transport.description
    assert "s3" not in repr(parse("socket://printer?snmp=on&community=s3%26cret"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("community=s3cret", "community is for snmp=on; write both"),
        ("snmp=off&community=s3cret", "community is for snmp=on; write both"),
        ("snmp=on&community=", "community=: a word is missing"),
        ("snmp=on&community=s3cret&x=1", "unknown option 'x'"),
        ("snmp=on&community=s3cret&community=b", "'community' is given twice"),
    ],
)
def test_communityIsSecret(options: str, said: str) -> None:
    """What is said of a wrong URI does not have it."""
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        transportFor(reactor, f"socket://printer?{options}")
    assert "s3cret" not in str(caught.value)


def test_canceled() -> None:
    """A question may be given up."""
    asking = Question()
    asking.query.answered.cancel()
    assert asking.told == [None]
    assert asking.wire.closed
    assert not asking.clock.getDelayedCalls()


class NoNames:
    """A reactor whose name server does not know anybody."""

    def resolve(self, name: str, timeout: Any) -> Deferred[str]:
        return fail(DNSLookupError())


noNames: Any = NoNames()


@pytest_twisted.ensureDeferred
async def test_unknownHost() -> None:
    """A host without an address is not asked, and nothing fails."""
    transport = SNMPTransport(FakePrinter(), noNames, "printer", named=False)
    await transport.ask()
    assert transport.status == PrinterStatus()


def test_description() -> None:
    """The printer's own name is better than its place, and the operator's is better than that."""
    for named, shown in ((False, "Acme X"), (True, "fake printer")):
        transport = SNMPTransport(FakePrinter(), noNames, "printer", named)
        assert transport.description == "fake printer"
        transport.status = PrinterStatus(model="Acme X")
        assert transport.description == shown


def test_uri() -> None:
    """snmp=on is for printers with a host."""
    assert isinstance(transportFor(reactor, "socket://printer?snmp=on"), SNMPTransport)
    assert not isinstance(transportFor(reactor, "socket://printer?snmp=false"), SNMPTransport)
    assert IAskedApart(transportFor(reactor, "socket://printer?snmp=on&form-feed=on"), None)
    assert IAskedApart(transportFor(reactor, "socket://printer"), None) is None
    for wrong in ("socket://printer?snmp=maybe", "file:/?snmp=on"):
        with pytest.raises(ValueError, match="snmp"):
            transportFor(reactor, wrong)


# A real agent

RECORDS = """\
1.3.6.1.2.1.1.1.0|4|FakeJet 1000
1.3.6.1.2.1.25.3.2.1.3.1|4|FakeJet 1000
1.3.6.1.2.1.25.3.5.1.1.1|2|3
1.3.6.1.2.1.25.3.5.1.2.1|4x|48
1.3.6.1.2.1.43.10.2.1.4.1.1|65|1234
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[int]:
    """The UDP port of a simulated printer's agent."""
    try:
        program = str(peer("venv/bin/snmpsim-command-responder", "snmpsim"))
    except Missing as missing:
        pytest.skip(str(missing))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "public.snmprec").write_text(RECORDS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        f"--data-dir={tmp_path}/data",
        f"--cache-dir={tmp_path}/cache",
        f"--agent-udpv4-endpoint=127.0.0.1:{port}",
    ]
    if os.getuid() == 0:  # it would rather be somebody else, who cannot read everything here
        options += ["--process-user=root", "--process-group=root"]
    process = subprocess.Popen(
        mortal(program, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        if "Listening at UDP" in line:
            break
    else:
        pytest.fail("".join(heard))
    yield port
    process.terminate()
    process.communicate(timeout=PATIENCE)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_realAgent(agent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real agent without a device ID tells the rest."""
    monkeypatch.setattr(module, "PATIENCE", 0.5)  # it may say that it listens before it does
    monkeypatch.setattr(module, "TRIES", 40)
    query = Query(reactor, "127.0.0.1", port=agent)
    reactor.listenUDP(0, query)
    reasons = ("media-empty", "door-open")
    assert await query.answered == PrinterStatus("stopped", reasons, "FakeJet 1000", 1234)


@pytest_twisted.ensureDeferred
async def test_realSocket() -> None:
    """A transport finds its printer by its host."""

    class Names:
        def __getattr__(self, name: str) -> Any:
            return getattr(reactor, name)

        def resolve(self, name: str, timeout: Any) -> Deferred[str]:
            return succeed("127.0.0.1")

    names: Any = Names()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        transport = SNMPTransport(FakePrinter(), names, "printer", named=False)
        transport.status = PrinterStatus("idle", model="Acme X")
        asked = transport.ask()
        asked.cancel()
        await asked
        assert transport.status == PrinterStatus(model="Acme X")
