"""
What FTP clients expect of transfers: uploads, their data connections, and ABOR.
"""

from __future__ import annotations

import re

import pytest
from twisted.internet.address import IPv4Address

from jetdirect.record import JobState
from jetdirect.testing import FakeSender
from tests.support.dialogue import PAGE, fetched, pouring, said, stored
from tests.support.memory import MemoryGateway, codes

# Uploads


@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU", "stor"])
@pytest.mark.parametrize("kind", ["A", "I"])
def test_upload(gateway: MemoryGateway, user: FakeSender, verb: str, kind: str) -> None:
    """Every byte arrives, in any type and by any verb."""
    said(user, f"TYPE {kind}")
    stored(user, "a.ps", PAGE * 5000, verb)
    assert gateway.pages == [PAGE * 5000]


def test_uploadActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """A job over a connection that the gateway dials."""
    assert said(user, "PORT 192,0,2,1,8,73", "STOR a.ps") == [200, 150]
    data = gateway.dialled()
    data.receive(PAGE)
    data.fin()
    assert codes(user.hear()) == [226]
    assert gateway.pages == [PAGE]


def test_uniqueNames(gateway: MemoryGateway, user: FakeSender) -> None:
    """STOU names what it stored, under two names if none was given; and with one it is that."""
    names = []
    for _ in range(2):
        found = re.fullmatch(r"150 FILE: (\S+)", user.begin("", "STOU"))
        assert found is not None
        names.append(found[1])
        assert codes(user.send(PAGE)) == [226]
    assert len(set(names)) == 2
    assert user.begin("a.ps", "STOU") == "150 FILE: a.ps"
    assert codes(user.send(PAGE)) == [226]
    assert fetched(user, "NLST")[2:] == [*names, "a.ps"]
    assert said(user, *(f"SIZE {name}" for name in names)) == [213, 213]


def test_appendTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """What is appended is a job of its own, and the size is that of the last."""
    stored(user, "a.ps", b"one", "APPE")
    stored(user, "a.ps", b"second", "APPE")
    assert gateway.pages == [b"one", b"second"]
    assert user.say("SIZE a.ps") == "213 6"


def test_restartAtZero(gateway: MemoryGateway, user: FakeSender) -> None:
    """REST 0 is a whole upload."""
    user.say("EPSV")
    assert said(user, "REST 0") == [350]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


@pytest.mark.parametrize("offset", ["3", "-1", "x", "", "10.1", "99999999999999999999"])
def test_restartInTheMiddle(gateway: MemoryGateway, user: FakeSender, offset: str) -> None:
    """REST to elsewhere is refused; an upload behind it begins at its beginning."""
    assert said(user, f"REST {offset}") == [501]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_emptyFile(gateway: MemoryGateway, user: FakeSender) -> None:
    """A file may be empty."""
    stored(user, "a.ps", b"")
    assert user.say("SIZE a.ps") == "213 0"
    assert gateway.server.jobs[0].bytes == 0


def test_quitInMidTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """QUIT waits for the end of the transfer, which is told before the goodbye."""
    pouring(user)
    assert user.say("QUIT") == ""
    assert codes(user.send(b" end")) == [226, 221]
    assert gateway.pages == [b"%!PS end"]
    assert user.wire.halfClosed


def test_hangUpInMidTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """A sender that hangs up without QUIT has not sent a whole job."""
    data = pouring(user)
    user.wire.fin()
    assert not data.connected
    assert gateway.pages == []
    assert gateway.server.jobs[0].state is JobState.ABORTED


def test_severalInOneSession(gateway: MemoryGateway, user: FakeSender) -> None:
    """Jobs come out in the order in which they were sent."""
    jobs = [b"job %d" % n for n in range(20)]
    for n, job in enumerate(jobs):
        stored(user, f"{n}.ps", job)
    assert gateway.pages == jobs


@pytest.mark.parametrize("command", ["STOR a.ps", "STOU", "APPE a.ps", "LIST", "NLST", "MLSD"])
def test_withoutDataPort(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """Without a data port there is no transfer, and no job."""
    assert said(user, command) == [425]
    assert not gateway.server.jobs
    stored(user, "a.ps")


def test_dataConnectionNeverComes(gateway: MemoryGateway, user: FakeSender) -> None:
    """A passive port that nobody comes to: 425 after a while, and the next job prints."""
    assert said(user, "PASV", "STOR a.ps") == [227, 150]
    gateway.reactor.advance(30)
    assert codes(user.hear()) == [425]
    stored(user, "a.ps")


@pytest.mark.parametrize(("part", "wanted"), [(b"", 451), (b"%!PS", 551)])
def test_uploadAfterAFailedOne(
    gateway: MemoryGateway, user: FakeSender, part: bytes, wanted: int
) -> None:
    """After a job whose data connection was reset the next one is whole."""
    assert codes(user.begin("a.ps")) == [150]
    assert user.data is not None
    if part:
        user.data.receive(part)
    user.data.rst()
    assert codes(user.hear()) == [wanted]
    assert said(user, "SIZE a.ps") == [550]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_uploadAfterAMissingPort(gateway: MemoryGateway, user: FakeSender) -> None:
    """The same after one that never began."""
    assert said(user, "STOR a.ps") == [425]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


# Aborts


def test_abortIdle(user: FakeSender) -> None:
    """ABOR with nothing to abort is fine."""
    assert said(user, "ABOR", "ABOR") == [226, 226]
    stored(user, "a.ps")


@pytest.mark.parametrize("command", ["PASV", "EPSV", "PORT 192,0,2,1,8,73"])
def test_abortBeforeTheTransfer(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """ABOR takes a data port back that was not used yet."""
    user.say(command)
    assert said(user, "ABOR", "STOR a.ps") == [226, 425]
    if gateway.reactor.tcpServers:
        assert user.connect() is None
    assert not gateway.reactor.tcpClients
    stored(user, "a.ps")


def test_abortOpenDataConnection(user: FakeSender) -> None:
    """The same when the data connection is there already."""
    user.passive()
    assert said(user, "ABOR") == [226]
    assert user.data is not None and not user.data.connected


@pytest.mark.parametrize("abort", [b"ABOR", b"abor", b"\xff\xf4\xff\xf2ABOR", b"\xf2ABOR"])
def test_abortInMidTransfer(gateway: MemoryGateway, user: FakeSender, abort: bytes) -> None:
    """ABOR in a transfer: 426 for it, 226 for itself, also behind Telnet's signals."""
    data = pouring(user)
    assert codes(user.say(abort)) == [426, 226]
    assert not data.connected
    assert gateway.printers[0].jobs[0].ended == "aborted"
    assert said(user, "SIZE going.ps") == [550]
    stored(user, "a.ps")
    assert gateway.pages == [PAGE]


def test_abortActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """The same over a connection that the gateway dialled."""
    said(user, "PORT 192,0,2,1,8,73", "STOR a.ps")
    data = gateway.dialled()
    data.receive(b"%!PS")
    assert said(user, "ABOR") == [426, 226]
    assert not data.connected


def test_abortTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """Each of two ABOR has its 226, and the transfer one 426."""
    pouring(user)
    assert said(user, "ABOR", "ABOR") == [426, 226, 226]
    gateway.printers[0].hesitant = True
    pouring(user)
    heard = user.say("ABOR") + "\n" + user.say("ABOR")
    gateway.printers[0].jobs[-1].answer()
    assert codes(f"{heard}\n{user.hear()}") == [426, 226, 226]


def test_abortAfterTheTransfer(gateway: MemoryGateway, user: FakeSender) -> None:
    """An ABOR that comes too late takes nothing back."""
    stored(user, "a.ps")
    assert said(user, "ABOR", "SIZE a.ps") == [226, 213]
    assert gateway.pages == [PAGE]


# Data ports


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("PORT", 501),
        ("PORT x", 501),
        ("PORT 192,0,2,1,8", 501),
        ("PORT 192,0,2,1,8,73,1", 501),
        ("PORT 192,0,2,1,8,73,", 501),
        ("PORT ,192,0,2,1,8,73", 501),
        ("PORT 192,0,2,1,8,x", 501),
        ("PORT 192.0.2.1.8.73", 501),
        ("PORT 192, 0, 2, 1, 8, 73", 501),
        ("PORT 256,0,2,1,8,73", 501),
        ("PORT 192,0,2,1,256,1", 501),
        ("PORT -1,0,2,1,8,73", 501),
        ("PORT 192,0,2,2,8,73", 504),
        ("PORT 10,0,0,1,8,73", 504),
        ("PORT 192,0,2,1,0,20", 504),
        ("PORT 192,0,2,1,3,255", 504),
        ("EPRT", 501),
        ("EPRT x", 501),
        ("EPRT |||", 501),
        ("EPRT ||||", 501),
        ("EPRT |1|192.0.2.1|2121", 501),
        ("EPRT 1|192.0.2.1|2121|", 501),
        ("EPRT |1|192.0.2.1|2121||", 501),
        ("EPRT |1|192.0.2.1|x|", 501),
        ("EPRT |1|192.0.2.1|-1|", 501),
        ("EPRT |1|192.0.2.1|65536|", 501),
        ("EPRT |1|192.0.2.1||", 501),
        ("EPRT |1|192.0.2.256|2121|", 501),
        ("EPRT |1|2001:db8::1|2121|", 501),
        ("EPRT |2|192.0.2.1|2121|", 501),
        ("EPRT |x|192.0.2.1|2121|", 501),
        ("EPRT |3|192.0.2.1|2121|", 522),
        ("EPRT |0|192.0.2.1|2121|", 522),
        ("EPRT |1|192.0.2.2|2121|", 504),
        ("EPRT |2|2001:db8::1|2121|", 504),
        ("EPRT |1|192.0.2.1|22|", 504),
        ("EPSV 2", 522),
        ("EPSV 3", 522),
        ("EPSV x", 522),
    ],
)
def test_badDataPorts(gateway: MemoryGateway, user: FakeSender, command: str, wanted: int) -> None:
    """What is no address, or somebody else's, or privileged, is not dialled."""
    assert said(user, command, "STOR a.ps") == [wanted, 425]
    assert not gateway.reactor.tcpClients
    assert not gateway.reactor.tcpServers


@pytest.mark.parametrize("delimiter", list("|!/#:~1"))
def test_delimiters(user: FakeSender, delimiter: str) -> None:
    """EPRT may use any printable delimiter that is not in its fields."""
    wanted = 501 if delimiter == "1" else 200
    assert said(user, f"EPRT {delimiter}1{delimiter}192.0.2.1{delimiter}2121{delimiter}") == [
        wanted
    ]


@pytest.mark.parametrize("command", ["PASV", "PASV x", "EPSV", "EPSV 1", "pasv"])
def test_passivePorts(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """A passive port is announced, and serves one transfer."""
    assert said(user, command)[0] in (227, 229)
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert said(user, "STOR b.ps") == [425]
    assert gateway.pages == [PAGE]


def test_extendedOnly(user: FakeSender) -> None:
    """EPSV ALL rules out all other commands, until REIN."""
    assert said(user, "EPSV ALL", "EPSV") == [200, 229]
    assert said(user, "PASV", "PORT 192,0,2,1,8,73", "EPRT |1|192.0.2.1|2121|") == [503] * 3
    stored(user, "a.ps")
    said(user, "REIN")
    user.login()
    assert said(user, "PASV", "PORT 192,0,2,1,8,73") == [227, 200]


@pytest.mark.parametrize("command", ["PASV", "EPSV"])
def test_foreignDataConnection(gateway: MemoryGateway, user: FakeSender, command: str) -> None:
    """Somebody else at the passive port is sent away, and the sender is still expected."""
    said(user, command, "STOR a.ps")
    assert user.connect("192.0.2.77") is None
    assert user.connect() is not None
    assert codes(user.send(PAGE)) == [226]
    assert gateway.pages == [PAGE]


def test_passiveTwice(gateway: MemoryGateway, user: FakeSender) -> None:
    """The last of two passive ports counts; the first is closed."""
    said(user, "PASV", "PASV")
    first = gateway.reactor.tcpServers[0][1]
    assert first.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40002)) is None
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]


def test_passiveThenActive(gateway: MemoryGateway, user: FakeSender) -> None:
    """PORT takes the place of an earlier PASV."""
    said(user, "PASV", "PORT 192,0,2,1,8,73")
    assert user.connect() is None
    assert said(user, "STOR a.ps") == [150]
    data = gateway.dialled()
    data.receive(PAGE)
    data.fin()
    assert codes(user.hear()) == [226]


def test_activeThenPassive(gateway: MemoryGateway, user: FakeSender) -> None:
    """PASV takes the place of an earlier PORT."""
    said(user, "PORT 192,0,2,1,8,73", "PASV")
    assert user.connect() is not None
    assert said(user, "STOR a.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert not gateway.reactor.tcpClients
