"""
What is known to be wrong with printers before their first job.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.interfaces import Complaint, IPrinterTransport
from jetdirect.testing import FakePrinter
from jetdirect.transports import checks
from jetdirect.transports.build import transportFor
from jetdirect.transports.checks import complaintsAbout, seen, unknownHosts
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support.answers import hear


def printers(*uris: str) -> list[IPrinterTransport]:
    """The transports for these URIs, under a policy, as a gateway has them."""
    reactor = MemoryReactorClock()
    return [policed(transportFor(reactor, uri), PJLPolicy.LOG) for uri in uris]


def said(*uris: str) -> list[Complaint]:
    """What is wrong with printers of these URIs."""
    return complaintsAbout(printers(*uris))


@pytest.fixture
def terminal() -> Any:
    """The device file of a pseudo terminal, which is a serial line."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("scheme", ["serial", "parallel", "usb"])
def test_deviceThatIsNotThere(scheme: str) -> None:
    """A device may be plugged in later: a warning."""
    [complaint] = said(f"{scheme}:/dev/nope")
    assert not complaint.fatal
    assert complaint.text.startswith(f"{scheme}:/dev/nope: there is no such device now; its jobs")


@pytest.mark.parametrize("scheme", ["serial", "parallel", "usb"])
@pytest.mark.parametrize("path", ["/etc/hosts", "/etc", "/dev/null", "/etc/hosts/lp0"])
def test_whatIsNoDevice(scheme: str, path: str) -> None:
    """A file will never print; a place that cannot be might, once the file is gone."""
    [complaint] = said(f"{scheme}:{path}")
    assert complaint.fatal == (path != "/etc/hosts/lp0")
    assert f"{scheme}:{path}: " in complaint.text


def test_deviceOfAnotherKind(terminal: str) -> None:
    """A serial line is not driven as a parallel port, and works as what it is."""
    [complaint] = said(f"parallel:{terminal}")
    assert complaint == (
        f"parallel:{terminal}: {terminal} is of another kind; write serial:{terminal}",
        True,
    )
    assert said(f"serial:{terminal}") == []


def test_noPermission(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights can be given while the gateway runs."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    [complaint] = said(f"serial:{terminal}")
    assert (complaint.fatal, "no permission" in complaint.text) == (False, True)


def test_sameDeviceTwice(terminal: str, tmp_path: Path) -> None:
    """One device behind two printing ports, by two names for it, mixes their jobs."""
    link = tmp_path / "printer"
    link.symlink_to(terminal)
    [complaint] = said(f"serial:{terminal}?description=a", f"serial:{link}?description=b")
    assert complaint.fatal
    assert "named twice" in complaint.text


@pytest.mark.parametrize("kind", ["fifo", "file"])
def test_samePipeTwice(tmp_path: Path, kind: str) -> None:
    """A named pipe, and a file that is appended to, are devices in this."""
    path = tmp_path / "paper"
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    else:
        path.touch(0o600)
    uri = f"file://{path}?append={'on' if kind == 'file' else 'off'}"
    assert [each.fatal for each in said(uri, uri)] == [True]


def test_unixSocket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program's socket may come, and the right to it; a file will never be one."""
    path = str(tmp_path / "socket")
    uri = f"endpoint:unix:path={path}"
    [absent] = said(uri)
    assert absent == (f"{uri}: there is no such socket now; its jobs get 450 until there is", False)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        assert said(uri) == []
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        [forbidden] = said(uri)
        assert (forbidden.fatal, "no permission" in forbidden.text) == (False, True)
    [wrong] = said("endpoint:unix:/etc/hosts")
    assert wrong.fatal and "/etc/hosts is no Unix socket" in wrong.text
    [hidden] = said("endpoint:unix:/etc/hosts/socket")
    assert (hidden.fatal, "Not a directory" in hidden.text) == (False, True)


@pytest.mark.parametrize("uri", ["socket://[fe80::1%nope0]", "lpd://[fe80::1%25987654]/q"])
def test_unknownZone(uri: str) -> None:
    """A network interface may come later; that it is not there now is said."""
    [complaint] = said(uri)
    assert not complaint.fatal and "there is no network interface" in complaint.text
    assert said("socket://[fe80::1%lo]", "socket://[fe80::1%1]") == []


@pytest.mark.parametrize("scheme", ["parallel", "usb"])
def test_pipeForADevice(tmp_path: Path, scheme: str) -> None:
    """What stands in for a printer may read a named pipe; a serial line has settings."""
    os.mkfifo(tmp_path / "pipe")
    assert said(f"{scheme}:{tmp_path}/pipe") == []
    [complaint] = said(f"serial:{tmp_path}/pipe")
    assert complaint.fatal


def test_sameUSBPrinterTwice() -> None:
    """A USB printer by its names is a device, too; it need not be there."""
    uri = "usb://Acme/Jet?serial=7"
    assert [each.fatal for each in said(uri, uri)] == [True]
    assert said(uri, "usb://Acme/Jet?serial=8") == []


def test_sameDirectoryTwice(tmp_path: Path) -> None:
    """A directory takes the jobs of all."""
    uri = f"file://{tmp_path}/jobs"
    assert said(uri, uri) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("socket://printer", "socket://PRINTER:9100?description=b", True),
        ("socket://printer", "socket://printer:9101", False),
        ("socket://[2001:db8::1]", "socket://[2001:DB8:0::1]", True),
        ("lpd://server/a", "lpd://server/b", False),
        ("lpd://server/a", "lpd://bob@server:515/a", True),
        ("ipp://server/printers/a", "ipp://server/printers/b", False),
        ("ipp://server", "ipp://ann:secret@server/ipp/print", True),
        ("endpoint:tcp:a:9100", "endpoint:tcp:a:9100", False),
    ],
)
def test_sameAddressTwice(one: str, other: str, same: bool) -> None:
    """Two printing ports to one address are a warning, without secrets."""
    complaints = said(one, other)
    assert [each.fatal for each in complaints] == [False] * same
    assert "secret" not in str(complaints)


def test_directoryIsTried(tmp_path: Path) -> None:
    """What a directory needs is made and tried, and nothing of that stays."""
    assert said(f"file://{tmp_path}/jobs") == []
    assert (tmp_path / "jobs").stat().st_mode & 0o777 == 0o700
    assert os.listdir(tmp_path / "jobs") == []


@pytest.mark.parametrize("call", ["open", "write", "fsync"])
@pytest.mark.parametrize(
    ("number", "fatal"), [(errno.EROFS, True), (errno.EIO, True), (errno.ENOSPC, False)]
)
def test_directoryThatCannotKeep(
    tmp_path: Path, call: str, number: int, fatal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that cannot keep a job is told of at the start; a full one may be emptied."""
    [printer] = printers(f"file://{tmp_path}")

    def broken(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, broken)
    [complaint] = complaintsAbout([printer])
    assert complaint.fatal is fatal
    assert f"file://{tmp_path}: no job can be kept: {os.strerror(number)}" in complaint.text


def test_appendedFileIsTried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is appended to is had for a moment; its bytes stay as they are."""
    paper = tmp_path / "paper"
    paper.write_bytes(b"before")
    paper.chmod(0o600)
    [printer] = printers(f"file://{paper}?append=on")
    assert complaintsAbout([printer]) == []
    assert paper.read_bytes() == b"before"

    paper.unlink()
    [complaint] = complaintsAbout([printer])
    assert complaint.fatal


def test_someoneElsesTransport() -> None:
    """A transport that knows nothing of this, with any name for itself, is left alone."""
    assert complaintsAbout([FakePrinter(), FakePrinter()]) == []


class Names:
    """A name server: C{printer} and C{laser} are known, C{slow} is never answered."""

    def resolveHostName(self, receiver: Any, name: str) -> None:
        receiver.resolutionBegan(None)
        if name != "slow":
            if name in ("printer", "laser"):
                receiver.addressResolved(object())
            receiver.resolutionComplete()


def test_unknownHosts() -> None:
    """Names that do not resolve are given once each; addresses, devices and files have none."""
    reactor: Any = MemoryReactorClock()
    reactor.nameResolver = Names()
    uris = ["printer", "nope", "lpd://nope/a", "ipp://slow", "[::1]", "192.0.2.1", "/dev/lp0"]
    uris += ["usb://Make/Model", "endpoint:unix:a", "endpoint:tls:host=never:port=9100"]
    heard = hear(unknownHosts(reactor, printers(*uris)))
    assert heard == []
    reactor.advance(checks.NAME_PATIENCE)
    assert heard == [["nope", "slow", "never"]]


def test_namesThatAreAnswered() -> None:
    """When all names are answered nothing is waited for."""
    reactor: Any = MemoryReactorClock()
    reactor.nameResolver = Names()
    assert hear(unknownHosts(reactor, printers("printer", "laser:9101"))) == [[]]
    assert reactor.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("uri", "there"),
    [
        ("socket://a:631", "ipp: at port 631"),
        ("socket+tls://a:515", "lpd: at port 515"),
        ("ipps://a:9100/ipp", "socket: at port 9100"),
        ("lpd://[2001:db8::1]:9100/q", "socket: at port 9100"),
        ("socket://a:9100", ""),
        ("socket://a", ""),
        ("ipps://a:631/ipp", ""),
        ("ipp://a:8631/", ""),
        ("file:///tmp/631", ""),
    ],
)
def test_anothersPort(uri: str, there: str) -> None:
    """What is said to speak at another protocol's port is told, and taken."""
    found = seen([transportFor(MemoryReactorClock(), uri)])
    told = [each.text for each in found if "as a rule" in each.text]
    assert not any(each.fatal for each in found)
    assert len(told) == bool(there) and all(there in each for each in told)
