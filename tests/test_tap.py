"""
The command line: what is said becomes what is meant, and what is wrong is told in one sentence.
"""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.application.service import IServiceMaker
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs, formatEvent
from twisted.plugin import getPlugins
from twisted.python import usage
from twisted.python.reflect import namedAny

from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.net.tuning import BACKLOG
from jetdirect.tap import Options, makeService
from jetdirect.transports.file.transport import FileTransport
from jetdirect.transports.policy import PolicedTransport
from jetdirect.transports.socket import SocketTransport
from tests.support.line import listeningAt


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test makes its print jobs in the checkout."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(*words: str, reactor: Any = None) -> Options:
    """The options that C{words} make."""
    options = Options(reactor or MemoryReactorClock())
    options.parseOptions(list(words))
    return options


def made(*words: str) -> Gateway:
    """The gateway that C{words} make."""
    gateway = makeService(parsed(*words))
    assert isinstance(gateway, Gateway)
    return gateway


def settings(*words: str) -> SessionSettings:
    """The sessions' settings that C{words} make."""
    return made(*words).factory.settings


def complaint(*words: str) -> str:
    """What is wrong with C{words}, in one sentence."""
    with pytest.raises(usage.UsageError) as caught:
        parsed(*words)
    text = str(caught.value)
    assert "\n" not in text
    return text


# Settings


def test_defaults() -> None:
    """Without a word the limits are the 500X's, for each printing port."""
    defaults = settings()
    assert (defaults.sessionsPerPort, defaults.idleTimeout, defaults.dataIdle) == (3, 900, 900)
    assert made().factory.limit == 3
    assert made("--printer=a", "--printer=b").factory.limit == 6
    assert made("--printer=a", "--printer=b", "--profile=v40").factory.limit == 8
    assert made("--printer=a", "--printer=b", "--max-sessions=5").factory.limit == 5
    assert (defaults.greeting, defaults.loginTimeout) == ("JD FTP Server Ready", 120)
    [port] = made().server.ports
    assert (port.settings.busyTimeout, port.settings.connectTimeout) == (60, 30)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--max-sessions", "1"], "maxSessions", 1),
        (["--max-sessions=1000"], "maxSessions", 1000),
        (["--idle-timeout", "2.5"], "idleTimeout", 2.5),
        (["--idle-timeout=0"], "idleTimeout", 0),
        (["--idle-timeout", ".5"], "idleTimeout", 0.5),
        (["--idle-timeout", "20"], "dataIdle", 20),
        (["--data-idle-timeout", "270"], "dataIdle", 270),
        (["--data-idle-timeout", "270"], "idleTimeout", 900),
        (["--data-idle-timeout=0"], "dataIdle", 0),
        (["--greeting", "FTP (here) {0} %s"], "greeting", "FTP (here) {0} %s"),
    ],
)
def test_settings(words: list[str], name: str, value: object) -> None:
    """An option sets what it says."""
    assert getattr(settings(*words), name) == value


@pytest.mark.parametrize(
    ("words", "busy", "connect"),
    [
        (["--busy-timeout", "0", "--connect-timeout", "0"], 0, 0),
        (["--busy-timeout", "5", "--connect-timeout", "7.5"], 5, 7.5),
    ],
)
def test_jobTimeouts(words: list[str], busy: float, connect: float) -> None:
    """Every printing port gets the time-outs."""
    for port in made(*words, "--printer=socket://a", "--printer=socket://b").server.ports:
        assert (port.settings.busyTimeout, port.settings.connectTimeout) == (busy, connect)


@pytest.mark.parametrize(
    "option", ["idle-timeout", "data-idle-timeout", "busy-timeout", "connect-timeout"]
)
@pytest.mark.parametrize(
    "value", ["-1", "-0.1", "x", "", "1e3", "inf", "nan", "1 ", "+1", "\u0661"]
)
def test_badTimes(option: str, value: str) -> None:
    """What is no time is refused with option, value and remedy."""
    text = complaint(f"--{option}={value}")
    assert text.startswith(f"--{option}={value}: ")
    assert "number" in text


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "x", "", "\u0661", "1_0"])
def test_badSessions(value: str) -> None:
    """At least one session there must be."""
    text = complaint(f"--max-sessions={value}")
    assert text.startswith(f"--max-sessions={value}: ")
    assert "1 or more" in text


@pytest.mark.parametrize("value", ["", "two\nlines", "Gr\u00fc\u00dfe", "\x1b[31m", "\r"])
def test_badGreeting(value: str) -> None:
    """A greeting is one line of printable ASCII."""
    text = complaint(f"--greeting={value}")
    assert text.startswith("--greeting=")
    assert "printable" in text


def test_unknownOption() -> None:
    """An unknown option is named."""
    assert "--speed" in complaint("--speed=9")


def test_strayWord() -> None:
    """A word that belongs to no option is named."""
    assert "page.ps" in complaint("page.ps")


# Printers


def test_embeddedPrinter(elsewhere: Path) -> None:
    """Without --printer jobs become files in ./print-jobs, as resolved at the start; it is said."""
    with capturedLogs() as events:
        one = made()
    os.chdir("/")
    [port] = one.server.ports
    assert isinstance(port.transport, FileTransport)
    assert port.transport.directory == str(elsewhere / "print-jobs")
    [told] = [formatEvent(event) for event in events]
    assert str(elsewhere / "print-jobs") in told


def test_embeddedPrinterIsNotPossible(elsewhere: Path) -> None:
    """Where the directory cannot be, the complaint names it and the way out."""
    (elsewhere / "print-jobs").write_bytes(b"")
    text = complaint()
    assert str(elsewhere / "print-jobs") in text
    assert "--printer" in text


def test_printers(elsewhere: Path) -> None:
    """The n-th --printer is PORTn, and then there is no embedded one."""
    with capturedLogs() as events:
        one = made(
            "--printer=socket://a:9101?description=Ward+3",
            "-P",
            f"file://{elsewhere}",
            "-P",
            "socket://[::1]",
        )
    first, second, third = (port.transport for port in one.server.ports)
    assert (first.uri, first.description) == ("socket://a:9101", "Ward 3")
    assert isinstance(second, FileTransport)
    assert isinstance(third, SocketTransport)
    assert third.uri == "socket://[::1]:9100"
    assert not events
    assert not (elsewhere / "print-jobs").exists()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", ["device URI"]),
        ("a printer", ["device URI", "socket://"]),
        ("/dev/null", ["kind", "parallel:/dev/null"]),
        ("gopher://printer", ["gopher", "socket", "file"]),
        ("socket://printer?speed=9", ["speed", "finish-timeout", "description"]),
        ("socket://printer?description", ["description=VALUE"]),
        ("socket://printer:0", ["65535"]),
        ("socket://printer:99999", ["65535"]),
        ("socket:///x", ["host"]),
        ("socket://a/b", ["path"]),
        ("socket://a?finish-timeout=-1", ["finish-timeout=-1", "seconds"]),
        ("file://host/tmp", ["file:///"]),
        ("file:///no/such/place", ["/no/such", "make it"]),
    ],
)
def test_badPrinters(uri: str, words: list[str]) -> None:
    """What is no printer is refused with option, value and remedy."""
    text = complaint(f"--printer={uri}")
    assert text.startswith(f"--printer={uri}: ")
    for word in words:
        assert word in text


SECRETIVE = [
    "gopher://bob:sesame@printer",
    "socket://bob:sesame@printer:0",
    "socket://bob:sesame@printer/x",
    "socket://bob:sesame@printer?speed=9",
    "socket://bob:sesame@printer?description=a@b&speed=9",
    "socket://sesame@printer:x",
    "socket://bob:open@sesame@printer",
    "socket://bob:sesame/x@printer",
    "socket://bob:sesame?x@printer",
    "socket://bob:sesame#x@printer",
]
WITHOUT_SLASHES = [
    "bob:sesame@printer",
    "socket:bob:sesame@printer",
    "socket:/bob:sesame@printer",
]


@pytest.mark.parametrize("uri", SECRETIVE)
def test_secrets(uri: str) -> None:
    """The user name and password of a device URI are in no complaint."""
    text = complaint(f"--printer={uri}")
    assert "sesame" not in text
    assert "printer" in text


@pytest.mark.parametrize("uri", WITHOUT_SLASHES)
def test_secretsWithoutSlashes(uri: str) -> None:
    """Also where the two slashes were forgotten."""
    assert "sesame" not in complaint(f"--printer={uri}")


def test_secretsInTheLog() -> None:
    """The log of a good start does not show them either."""
    with capturedLogs() as events:
        one = made("--port=tcp:0:interface=127.0.0.1", "--printer=ipp://bob:sesame@printer")
        one.startService()
    assert any("printer:631" in (formatEvent(event) or "") for event in events)
    assert "sesame" not in repr(events)


# Listeners


class NoIPv6(socket.socket):
    """On a host without IPv6."""

    def __init__(self, family: int = -1, *args: Any, **kwargs: Any) -> None:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        super().__init__(family, *args, **kwargs)


class IPv6Only(socket.socket):
    """On a host where an IPv6 socket takes no IPv4."""

    def getsockopt(self, level: int, name: int, *size: int) -> Any:
        if (level, name) == (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            return 1
        return super().getsockopt(level, name, *size)


ALL_IPV6 = r"interface=\:\:"
ROOM = f"backlog={BACKLOG}"


def test_everywhere() -> None:
    """A bare number listens on all addresses of both families, with one socket."""
    assert parsed("--port=2121").configuration.listeners == [f"tcp6:2121:{ALL_IPV6}:{ROOM}"]


def test_withoutIPv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without IPv6 a bare number listens on IPv4 alone."""
    monkeypatch.setattr(socket, "socket", NoIPv6)
    assert parsed("--port=2121").configuration.listeners == [f"tcp:2121:{ROOM}"]


def test_familiesApart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system keeps the families apart there is a socket for each."""
    monkeypatch.setattr(socket, "socket", IPv6Only)
    both = [f"tcp:2121:{ROOM}", f"tcp6:2121:{ALL_IPV6}:{ROOM}"]
    assert parsed("--port=2121").configuration.listeners == both


def test_defaultPort() -> None:
    """Without --port it is FTP's, and with one it is not."""
    assert parsed().configuration.listeners == parsed("--port=21").configuration.listeners
    assert not any("21:" in listener for listener in parsed("--port=990").configuration.listeners)


def test_endpoints() -> None:
    """Any server endpoint is good, and several are."""
    words = ["--port=tcp:2121:interface=127.0.0.1", "-p", "unix:/tmp/jetftp.sock", "-p", "2122"]
    listeners = parsed(*words).configuration.listeners
    assert listeners[:2] == ["tcp:2121:interface=127.0.0.1", "unix:/tmp/jetftp.sock"]
    assert listeners[2:] == parsed("--port=2122").configuration.listeners


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "bogus:1",
        "tcp:x",
        "tcp:",
        "65536",
        "99999999",
        "-1",
        "tcp:1:speed=9",
        "systemd:",
        "2121/tcp",
    ],
)
def test_badPorts(value: str) -> None:
    """What can be no listener is refused with option, value and remedy."""
    text = complaint(f"--port={value}")
    assert text.startswith(f"--port={value}: ")
    assert "tcp:2121" in text


@pytest.mark.parametrize("value", ["tcp:65536", "tcp:-1", r"tcp6:99999:interface=\:\:"])
def test_impossiblePorts(value: str) -> None:
    """A port that no machine has is refused in an endpoint string too."""
    assert complaint(f"--port={value}").startswith(f"--port={value}: ")


@pytest_twisted.ensureDeferred
async def test_bothFamilies() -> None:
    """On real sockets a bare number can be reached by IPv4 and by IPv6."""
    from twisted.internet import reactor

    one = makeService(parsed("--port=0", reactor=reactor))
    one.startService()
    ports = listeningAt(one.factory)

    def greeting(host: str) -> bytes:
        with socket.create_connection((host, ports[-1]), timeout=10) as wire:
            return wire.recv(100)

    for host in ("127.0.0.1", "::1"):
        assert (await deferToThread(greeting, host))[:4] == b"220 "
    await one.stopService()


@pytest.mark.parametrize("start", ["privilegedStartService", "startService"])
def test_portIsTaken(start: str) -> None:
    """A port that is in use ends the start with status 1 and one sentence."""
    from twisted.internet import reactor

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        words = f"--port=tcp:{other.getsockname()[1]}:interface=127.0.0.1"
        one = makeService(parsed(words, reactor=reactor))
        with pytest.raises(SystemExit) as caught:
            getattr(one, start)()
    text = str(caught.value.code)
    assert text.startswith("jetftp: --port")
    assert "in use" in text
    assert "--port=NUMBER" in text
    assert "\n" not in text


# Help and plugin


def test_help() -> None:
    """--help tells every option, the defaults and the kinds of printers."""
    text = " ".join(Options(MemoryReactorClock()).getUsage().split())
    for option in ("port", "printer", "max-sessions", "idle-timeout", "data-idle-timeout"):
        assert f"--{option}" in text
    assert all(f"--{option}" in text for option in ("busy-timeout", "connect-timeout", "greeting"))
    assert "-p," in text and "-P," in text
    assert "socket://" in text and "file:///" in text
    assert "[default: 21]" in text and "print-jobs" in text


def test_plugin() -> None:
    """twistd finds jetftp, and its module has what twistd calls."""
    makers: list[Any] = list(getPlugins(IServiceMaker))
    [maker] = [each for each in makers if each.tapname == "jetftp"]
    module = namedAny(maker.module)
    assert (module.Options, module.makeService) == (Options, makeService)


def test_reactor() -> None:
    """twistd makes the options without a reactor; then it is the global one."""
    from twisted.internet import reactor

    found: object = Options().reactor
    assert found is reactor


# Limits, networks, TLS, models


@pytest.mark.parametrize(
    "option",
    [
        "--profile=300x",
        "--passive-ports=1-2",
        "--passive-ports=40000",
        "--passive-ports=40001-40000",
        "--passive-address=300.1.2.3",
        "--passive-address=-gw",
        "--passive-address=gw..example",
        "--data-from=ward",
        "--active-port=0",
        "--active-port=65536",
        "--passive-address=::1",
        "--passive-inside=10.0.0.1/33",
        "--allow=everybody",
        "--max-job-bytes=0",
        "--max-sessions-per-host=-1",
        "--drain-timeout=-1",
        "--control-loss-grace=soon",
        "--pjl-policy=yes",
        "--port=tls:990",
        "--port=ssl:990",
    ],
)
def test_otherBadValues(option: str) -> None:
    """Every other option names itself and its value, too, and says what to write instead."""
    name, value = option.split("=")
    told = complaint(option)
    assert told.startswith(f"{name}={value}: ")
    assert len(told) > len(option) + 10


@pytest.mark.parametrize("option", ["--tls-key=k.pem", "--require-tls", "--tls-lenient-close"])
def test_tlsWithoutCertificate(option: str) -> None:
    """What needs a certificate says so, and how to name one."""
    told = complaint(option)
    assert option.split("=")[0] in told
    assert "--tls-certificate=FILE" in told


def test_badCertificate(tmp_path: Path) -> None:
    """A certificate that is none is named."""
    (tmp_path / "c.pem").write_text("nothing")
    assert str(tmp_path / "c.pem") in complaint(f"--tls-certificate={tmp_path}/c.pem")


@pytest.mark.parametrize(
    "options",
    [
        ["--profile=v40", "--idle-timeout=100", "--max-sessions=9"],
        ["--max-sessions=9", "--idle-timeout=100", "--profile=v40"],
    ],
)
def test_profile(options: list[str]) -> None:
    """A model sets limits, and options of one's own win, in any order."""
    settings = made(*options).factory.settings
    assert (settings.maxSessions, settings.idleTimeout, settings.dataIdle) == (9, 100, 270)


@pytest.mark.parametrize(
    ("words", "policed"), [([], False), (["off"], False), (["log"], True), (["refuse"], True)]
)
def test_policy(words: list[str], policed: bool, elsewhere: Path) -> None:
    """A policy is around every printer, the embedded one too, and by default there is none."""
    options = [f"--pjl-policy={word}" for word in words]
    for printers in ([], ["--printer=a", "--printer=b"]):
        ports = made(*options, *printers).server.ports
        assert {isinstance(port.transport, PolicedTransport) for port in ports} == {policed}


def test_otherGoodValues() -> None:
    """What is said arrives where it is meant for."""
    one = made(
        "--passive-ports=40000-40009",
        "--passive-address=gw.example",
        "--passive-inside=10.0.0.0/8",
        "--data-from=198.51.100.0/24",
        "--active-port=20",
        "--active-nat",
        "--allow=10.0.0.0/8",
        "--allow=2001:db8::/32",
        "--max-job-bytes=1000",
        "--max-sessions-per-host=2",
        "--drain-timeout=5",
        "--control-loss-grace=0.25",
    )
    settings = one.factory.settings
    assert list(settings.passivePorts) == list(range(40000, 40010))
    assert settings.passiveAddress == "gw.example"
    assert [str(network) for network in settings.dataFrom] == ["198.51.100.0/24"]
    assert (settings.activePort, settings.activeNAT) == (20, True)
    assert [str(network) for network in settings.passiveInside] == ["10.0.0.0/8"]
    assert [str(network) for network in settings.allow] == ["10.0.0.0/8", "2001:db8::/32"]
    assert (settings.maxSessionsPerHost, settings.drainTimeout) == (2, 5)
    assert (settings.controlLossGrace, settings.fireAndForget) == (0.25, False)
    assert made("--fire-and-forget").factory.settings.fireAndForget


def test_fewPassivePorts() -> None:
    """Fewer ports for data than sessions is a warning, as it may be meant so."""
    [warning] = makeService(parsed("--passive-ports=40000-40001")).warnings
    assert "2 for 3 sessions" in warning and "--passive-ports" in warning
    assert makeService(parsed("--passive-ports=40000-40002")).warnings == []


def test_fewDescriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start says when its sessions may want more descriptors than the system gives."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    [warning] = makeService(parsed("--max-sessions=300")).warnings
    assert "300 sessions" in warning
    assert makeService(parsed("--max-sessions=3")).warnings == []
