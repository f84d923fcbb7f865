"""
Networks as they are: a proxy in front, NAT, few ports, logins, and somebody who scans.
"""

from __future__ import annotations

import contextlib
import ftplib
import io
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from laboratory.clients.matrix import BINARY
from laboratory.clients.scan import recognised, scan
from tests.support.clients import CLIENTS, Address
from tests.support.gateway import Gateway
from tests.support.haproxy import HAProxy
from tests.support.modes import IPV4, IPV6, hasIPv6
from tests.support.packages import Missing, program
from tests.support.peer import PATIENCE
from tests.support.printservice import listener
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session
from tests.support.started import freePort

GATEWAY, PROXY, CLIENT = "127.0.0.2", "127.0.0.3", "127.0.0.5"


@pytest.fixture
def printer() -> Iterator[RawPrinter]:
    """A good one."""
    with RawPrinter() as one:
        yield one


class Client(ftplib.FTP):
    """C{ftplib} as others are: whether it believes the address in PASV's reply can be chosen."""

    trust_server_pasv_ipv4_address = False


def session(host: str, port: int, source: str = CLIENT) -> Client:
    """A client whose connections, data connections too, come from C{source}."""
    ftp = Client(timeout=PATIENCE, source_address=(source, 0))
    ftp.connect(host, port)
    ftp.login("tester", "secret")
    return ftp


# Behind a proxy


class Proxied:
    """A proxy, and a gateway behind it at another address."""

    def __init__(self, directory: Path, printer: RawPrinter, how: str, *options: str) -> None:
        self._all = ExitStack()
        listener = ["--port", f"haproxy:tcp:0:interface={GATEWAY}", "--printer", printer.uri()]
        self.gateway = self._all.enter_context(Gateway(directory, *listener, *options))
        there = f"{GATEWAY}:{self.gateway.port}"
        try:
            self.proxy = self._all.enter_context(HAProxy(directory, there, how, PROXY))
        except Missing as missing:
            self._all.close()
            pytest.skip(str(missing))

    def __enter__(self) -> Proxied:
        return self

    def __exit__(self, *_: object) -> None:
        self._all.close()

    def session(self, source: str = CLIENT) -> Client:
        """A client of the proxy that believes the address in the reply to PASV: not all do."""
        ftp = session(PROXY, self.proxy.port, source)
        ftp.trust_server_pasv_ipv4_address = True
        return ftp


@pytest.mark.parametrize("how", ["send-proxy", "send-proxy-v2"])
def test_proxy(how: str, printer: RawPrinter, tmp_path: Path) -> None:
    """Jobs and logs have the client's own address; data connections go past the proxy."""
    with Proxied(tmp_path, printer, how, f"--passive-address={GATEWAY}") as proxied:
        with proxied.session() as ftp:
            assert f"Connected from {CLIENT}" in ftp.sendcmd("STAT")
            host, _ = ftp.makepasv()
            assert host == GATEWAY
            for passive in (True, False):
                ftp.set_pasv(passive)
                assert ftp.storbinary("STOR job.ps", io.BytesIO(BINARY))[:3] == "226"
            with pytest.raises(ftplib.error_perm, match="522"):
                ftp.sendcmd("EPSV")
        for number in (1, 2):
            assert printer.waitForJob(number) == BINARY
            assert re.search(
                rf"from 'tester' at {CLIENT}, printer ", proxied.gateway.jobEnd(number)
            )


def test_proxyPassesData(printer: RawPrinter, tmp_path: Path) -> None:
    """EPSV, which names no address, is for a proxy that may bring data itself."""
    # Which is what the kernel calls it when it connects.
    options = [f"--passive-address={PROXY}", "--data-from=127.0.0.1"]
    with Proxied(tmp_path, printer, "send-proxy", *options) as proxied, proxied.session() as ftp:
        port = int(ftp.sendcmd("EPSV").split("|||")[1].split("|")[0])
        ftp.putcmd("STOR job.ps")
        with socket.create_connection((GATEWAY, port), PATIENCE) as wire:
            wire.sendall(BINARY)
        assert ftp.getmultiline()[:3] == "150"
        assert ftp.getmultiline()[:3] == "226"
    assert printer.waitForJob(1) == BINARY


def test_proxyStrangers(printer: RawPrinter, tmp_path: Path) -> None:
    """Only the client may use the data port: not the proxy, not a neighbour."""
    options = [f"--passive-address={GATEWAY}"]
    with Proxied(tmp_path, printer, "send-proxy", *options) as proxied, proxied.session() as ftp:
        where = ftp.makepasv()
        for stranger in (PROXY, "127.0.0.6"):
            with socket.socket() as wire:
                wire.settimeout(PATIENCE)
                wire.bind((stranger, 0))
                with pytest.raises(ConnectionError):
                    wire.connect(where)
                    wire.sendall(b"x" * 1000)
                    if not wire.recv(1):
                        raise ConnectionError
        with pytest.raises(ftplib.error_perm, match="504"):
            ftp.sendport(PROXY, 50000)
        assert ftp.storbinary("STOR job.ps", io.BytesIO(BINARY))[:3] == "226"


def test_proxyWithoutAddress(printer: RawPrinter, tmp_path: Path) -> None:
    """Without --passive-address there is nothing to announce, and PASV says so; PORT works."""
    with Proxied(tmp_path, printer, "send-proxy") as proxied, proxied.session() as ftp:
        with pytest.raises(ftplib.error_temp, match="425"):
            ftp.sendcmd("PASV")
        ftp.set_pasv(False)
        assert ftp.storbinary("STOR job.ps", io.BytesIO(BINARY))[:3] == "226"


def test_proxyLimit(printer: RawPrinter, tmp_path: Path) -> None:
    """The limit per host counts clients, not the proxy that they all come through."""
    options = ["--max-sessions-per-host=1", f"--passive-address={GATEWAY}"]
    with Proxied(tmp_path, printer, "send-proxy", *options) as proxied:
        with proxied.session(), proxied.session("127.0.0.6"):
            refused = ftplib.FTP(timeout=PATIENCE, source_address=(CLIENT, 0))
            with pytest.raises((ftplib.error_temp, EOFError), match=r"421|^$"):
                refused.connect(PROXY, proxied.proxy.port)
            refused.close()
        assert proxied.gateway.matches(f"session from {CLIENT} refused")


@pytest.mark.parametrize(
    ("allowed", "good"),
    [
        pytest.param(
            [CLIENT],
            True,
        ),
        ([PROXY], False),
        ([PROXY, CLIENT, "127.0.0.1"], True),
    ],
)
def test_proxyAllow(allowed: list[str], good: bool, printer: RawPrinter, tmp_path: Path) -> None:
    """The address of the client decides whether it may connect."""
    options = [f"--allow={host}/32" for host in allowed]
    with Proxied(tmp_path, printer, "send-proxy", *options) as proxied:
        if good:
            proxied.session().close()
        else:
            with pytest.raises((ftplib.Error, EOFError)):
                proxied.session()


# Passive ports and addresses


def test_passivePorts(printer: RawPrinter, tmp_path: Path) -> None:
    """When all are taken it is 425, and the session goes on; PORT and a later PASV work."""
    low = freePort(2)
    high = low + 1
    options = ["--printer", printer.uri(), f"--passive-ports={low}-{high}", "--max-sessions=9"]
    with Gateway(tmp_path, *options) as gateway, ExitStack() as sessions:
        busy = [sessions.enter_context(Session(gateway.port)) for _ in range(2)]
        ports = {ftp.makepasv()[1] for ftp in busy}
        assert ports == {low, high}
        with Session(gateway.port) as ftp:
            assert ftp.say("PASV")[:3] == "425"
            assert ftp.say("EPSV")[:3] == "425"
            assert ftp.say("STOR job.ps")[:3] == "425"
            assert ftp.say("NOOP")[:3] == "200"
            ftp.set_pasv(False)
            assert ftp.send(BINARY)[:3] == "226"
            ftp.set_pasv(True)
            assert busy[0].say("ABOR")[:3] == "226"  # gives its port back
            for _ in range(5):  # a port that was used is free again at once
                assert ftp.send(BINARY)[:3] == "226"
            assert low <= ftp.makepasv()[1] <= high
        assert gateway.matches("no passive port")
    assert printer.jobs == [BINARY] * 6


def test_passiveAgainOnTheLastPort(printer: RawPrinter, tmp_path: Path) -> None:
    """A repeated PASV takes the place of the session's earlier one, also when no other is free."""
    low = freePort()
    options = ["--printer", printer.uri(), f"--passive-ports={low}-{low}"]
    with Gateway(tmp_path, *options) as gateway, Session(gateway.port) as ftp:
        assert ftp.makepasv()[1] == low
        assert ftp.makepasv()[1] == low
        assert ftp.send(BINARY)[:3] == "226"


@pytest.mark.parametrize("client", ["curl", "tnftp"])
def test_passivePortsByClients(client: str, printer: RawPrinter, tmp_path: Path) -> None:
    """One port is enough for client after client."""
    low = freePort()
    file = tmp_path / "job.ps"
    file.write_bytes(BINARY)
    options = ["--printer", printer.uri(), f"--passive-ports={low}-{low}"]
    with Gateway(tmp_path, *options) as gateway:
        for number in range(1, 4):
            result = CLIENTS[client](Address(gateway.port), [file, file])
            assert result.code == 0, result.output
            assert printer.waitForJob(2 * number) == BINARY


def test_passiveAddress(printer: RawPrinter, tmp_path: Path) -> None:
    """PASV announces what senders beyond the NAT need; those inside hear the gateway's own."""
    options = ["--printer", printer.uri(), "--passive-address=203.0.113.7"]
    options += [f"--passive-inside={CLIENT}/32"]
    with Gateway(tmp_path, *options) as gateway:
        with session(IPV4, gateway.port, CLIENT) as inside:
            assert "(127,0,0,1," in inside.sendcmd("PASV")
            assert inside.storbinary("STOR job.ps", io.BytesIO(BINARY))[:3] == "226"
        with session(IPV4, gateway.port, "127.0.0.6") as outside:
            assert "(203,0,113,7," in outside.sendcmd("PASV")
            assert re.search(r"229 .*\(\|\|\|\d+\|\)", outside.sendcmd("EPSV"))
            # ftplib, as many clients, goes to the host that it knows
            assert outside.storbinary("STOR job.ps", io.BytesIO(BINARY))[:3] == "226"
    assert printer.jobs == [BINARY] * 2


@pytest.mark.skipif(not hasIPv6(), reason="this machine has no IPv6")
def test_passiveAddressOverIPv6(printer: RawPrinter, tmp_path: Path) -> None:
    """What PASV announces is where the gateway listens; else it says so, and EPSV is there."""
    options = ["--port", listener(IPV6), "--printer", printer.uri()]
    options += [f"--passive-address={IPV4}"]
    with Gateway(tmp_path, *options) as gateway, Session(gateway.port, IPV6) as ftp:
        assert ftp.say("PASV")[:3] == "522"
        assert ftp.send(BINARY)[:3] == "226"


def test_healthChecks(printer: RawPrinter, tmp_path: Path) -> None:
    """A proxy that looks whether the gateway is alive takes nobody's place for long."""
    options = ["--max-sessions=1", f"--passive-address={GATEWAY}"]
    how = "send-proxy-v2 check inter 50ms check-send-proxy"
    with Proxied(tmp_path, printer, how, *options) as proxied:
        good, end = 0, time.monotonic() + PATIENCE / 2
        while good < 10:
            assert time.monotonic() < end
            with contextlib.suppress(ftplib.Error, EOFError):
                proxied.session().quit()
                good += 1
        assert "Traceback" not in proxied.gateway.log


def test_noProxyHeader(printer: RawPrinter, tmp_path: Path) -> None:
    """A sender that comes past the proxy is not served."""
    endpoint = f"haproxy:tcp:0:interface={GATEWAY}"
    with (
        Gateway(tmp_path, "--port", endpoint, "--printer", printer.uri()) as gateway,
        socket.create_connection((GATEWAY, gateway.port), PATIENCE) as wire,
    ):
        wire.sendall(b"USER mallory\r\nPASS x\r\n")
        heard = b""
        with contextlib.suppress(ConnectionError):
            heard = b"".join(iter(lambda: wire.recv(1000), b""))
        assert b"331" not in heard
        assert "Traceback" not in gateway.log


# Logins

PASSWORD, WRONG = "correct-horse-battery", "wrong-donkey-staple"


@pytest.fixture(params=["memory", "file"])
def auth(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Two of Twisted's checkers of logins: one compares text, the other bytes."""
    if request.param == "memory":
        return f"memory:alice:{PASSWORD}"
    (tmp_path / "passwords").write_text(f"alice:{PASSWORD}\n")
    return f"file:{tmp_path / 'passwords'}"


def test_auth(auth: str, printer: RawPrinter, tmp_path: Path) -> None:
    """A sender that has the password prints; no password is ever logged."""
    with Gateway(tmp_path, "--printer", printer.uri(), f"--auth={auth}") as gateway:
        with Session(gateway.port, login=False) as ftp:
            assert ftp.say("USER alice")[:3] == "331"
            began = time.monotonic()
            assert ftp.say(f"PASS {WRONG}")[:3] == "530"
            first = time.monotonic() - began
            assert ftp.say("STOR job.ps")[:3] == "530"
            assert ftp.say("USER alice")[:3] == "331"
            assert ftp.say(f"PASS {PASSWORD}")[:3] == "230"
            assert ftp.send(BINARY)[:3] == "226"
        assert first >= 0.5
        assert not gateway.matches("anybody who can connect")
        gateway.jobEnd(1)
        assert gateway.matches("login of .*alice.* failed")
        assert PASSWORD not in gateway.log and WRONG not in gateway.log
    assert printer.jobs == [BINARY]


def test_guessing(auth: str, printer: RawPrinter, tmp_path: Path) -> None:
    """The third failure ends the session; each one costs more time than the one before."""
    with Gateway(tmp_path, "--printer", printer.uri(), f"--auth={auth}") as gateway:
        with Session(gateway.port, login=False) as ftp:
            took = []
            for name in ("alice", "mallory", "\xe4\xdf"):
                assert ftp.say(f"USER {name}")[:3] == "331"
                began = time.monotonic()
                assert ftp.say(f"PASS {WRONG}")[:3] in ("530", "421")
                took.append(time.monotonic() - began)
            assert took == sorted(took) and sum(took) >= 3
            with pytest.raises((EOFError, ConnectionError, ftplib.error_temp)):
                ftp.sendcmd("NOOP")
                ftp.sendcmd("NOOP")
        assert len(gateway.matches("login of .* failed")) == 3
        assert WRONG not in gateway.log
        assert "Traceback" not in gateway.log


def test_noPasswordInTheLog(printer: RawPrinter, tmp_path: Path) -> None:
    """Without --auth every password is good, and none is logged either."""
    with Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        with Session(gateway.port, login=False) as ftp:
            for command in (f"USER {WRONG[:5]}", f"PASS {PASSWORD}", "NOOP", f"PASS {WRONG}"):
                ftp.say(command)
            assert ftp.send(BINARY)[:3] == "226"
        assert gateway.matches("anybody who can connect may print")
    assert PASSWORD not in gateway.log and WRONG not in gateway.log


# Somebody scans


def test_scan(printer: RawPrinter, tmp_path: Path) -> None:
    """nmap knows the greeting, gets nothing to bounce off, and prints nothing."""
    try:
        program("nmap")
    except Missing as missing:
        pytest.skip(str(missing))
    options = ["--printer", printer.uri("description=HP+LaserJet"), "--max-sessions=50"]
    with Gateway(tmp_path, *options) as gateway:
        output = scan(gateway.port)
        assert recognised(output), output
        assert "bounce working" not in output
        with Session(gateway.port) as ftp:
            assert ftp.send(BINARY)[:3] == "226"
        assert "Traceback" not in gateway.log, gateway.log
    assert [job for job in printer.jobs if job] == [BINARY]
