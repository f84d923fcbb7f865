"""
What clients need, command by command and byte by byte: no client, just sockets.

The numbers are those of the findings about real clients.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from laboratory.clients.matrix import BINARY
from tests.support.gateway import Gateway
from tests.support.modes import IPV4, IPV6, hasIPv6
from tests.support.peer import PATIENCE
from tests.support.printservice import listener
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, isQuiet

IAC, IP, DM = b"\xff", b"\xf4", b"\xf2"

needsIPv6 = pytest.mark.skipif(not hasIPv6(), reason="this machine has no IPv6")


class Trial:
    """
    A gateway without TLS, with two printers.

    @ivar printed: the jobs on PORT1, those without bytes left out.
    """

    def __init__(self, gateway: Gateway, first: RawPrinter, second: RawPrinter) -> None:
        self.gateway = gateway
        self.printers = (first, second)
        self.restart()

    def restart(self) -> None:
        """Begin to count anew."""
        self._before = [len(printer.callers) for printer in self.printers]

    def jobs(self, number: int = 1) -> list[bytes]:
        """What was printed on the n-th port since, the jobs without a byte left out."""
        printer, before = self.printers[number - 1], self._before[number - 1]
        turns = range(before + 1, len(printer.callers) + 1)
        return [job for turn in turns if (job := printer.waitForJob(turn))]

    def session(self, host: str = IPV4, login: bool = True) -> Session:
        """One more session."""
        return Session(self.gateway.ports[0 if host == IPV4 else 1], host, login)


@pytest.fixture(scope="module")
def onlyTrial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The gateway of all tests here."""
    listeners = [listener(host) for host in ((IPV4, IPV6) if hasIPv6() else (IPV4,))]
    with RawPrinter() as first, RawPrinter() as second:
        options = [word for each in listeners for word in ("--port", each)]
        options += ["--printer", first.uri("description=HP+LaserJet"), "--printer", second.uri()]
        with Gateway(tmp_path_factory.mktemp("trial"), *options, "--max-sessions=9") as gateway:
            yield Trial(gateway, first, second)
            assert "Traceback" not in gateway.log, gateway.log


@pytest.fixture
def trial(onlyTrial: Trial) -> Trial:
    """The same, with nothing printed."""
    onlyTrial.restart()
    return onlyTrial


def control(ftp: Session) -> socket.socket:
    """The control connection itself."""
    assert ftp.sock is not None
    return ftp.sock


# Before login


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("SYST", r"215 UNIX Type: L8"),  # finding 1: inetutils asks before USER
        ("syst", r"215 UNIX Type: L8"),
        ("FEAT", r"211-(.|\n)*\n SIZE\n(.|\n)*211 End"),  # finding 3
        ("OPTS UTF8 ON", r"200 "),  # Windows' ftp.exe
        ("opts utf8 on", r"200 "),
        ("OPTS MLST type;size;", r"200 "),
        ("HELP", r"214-(.|\n)*\n214 "),  # finding 5: Qt
        ("HELP STOR", r"214 .*STOR"),
        ("NOOP", r"200 "),
        ("STAT", r"211-(.|\n)*\n211 "),
        ("CLNT NcFTP 3.2.6", r"200 "),
        ("AUTH TLS", r"50[24] "),  # no certificate here
        ("AUTH GSSAPI", r"50[24] "),  # Solaris
        ("ACCT x", r"202 "),
        ("STOR x", r"530 "),
        ("TYPE I", r"530 "),
        ("PASV", r"530 "),
        ("LIST", r"530 "),
        ("XYZZY", r"500 "),
        ("QUIT", r"221 "),  # finding 6
    ],
)
def test_beforeLogin(command: str, reply: str, trial: Trial) -> None:
    """What clients ask before USER is answered; what needs a login says so."""
    with trial.session(login=False) as ftp:
        assert re.match(reply, ftp.say(command))


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        # finding 2: never refused
        *[(f"TYPE {kind}", "200") for kind in ("A", "I", "L 8", "i", "a", "A N", "A T", "a n")],
        *[(f"TYPE {kind}", "504") for kind in ("E", "E N", "L 7", "X", "A C")],
        ("MODE S", "200"),
        ("MODE B", "504"),  # z/OS
        ("STRU F", "200"),
        ("STRU R", "504"),
        ("STRU O VMS", "504"),
        ("ALLO 10260", "200"),  # finding 5: Net::FTP
        ("ALLO 0", "200"),
        ("ALLO 10 R 5", "200"),
        ("REST 0", "350"),  # finding 5: fsspec, Kermit
        ("REST 4096", "501"),  # finding 10
        ("CWD /", "250"),
        ("CWD .", "250"),
        ("CWD ./", "250"),
        ("CWD port2", "250"),
        ("CWD /PORT2/", "250"),
        ("CWD /job.ps", "550"),  # finding 10: kio
        ("CWD spool", "550"),
        ("SIZE job.ps", "550"),
        ("SIZE PORT1", "550"),
        ("MDTM job.ps", "550"),
        ("RETR job.ps", "550"),
        ("RNTO job.ps", "503"),
        ("SITE NAMEFMT 1", "2"),  # IBM i
        ("SITE FIXrecfm 80 LRECL=80 RECFM=FB BLKSIZE=3200", "2"),  # z/OS
        ("SITE +VMS+", "2"),
        ("SITE UMASK 022", "2"),
        ("SITE IDLE 600", "2"),
        ("SITE HELP", "2"),
        ("PORT 127,0,0,2,200,10", "504"),  # finding 12
        ("PORT 127,0,0,1,0,25", "504"),
        ("PORT 1,2,3", "501"),
        ("PORT 127,0,0,256,200,10", "501"),
        ("EPRT |1|127.0.0.2|50000|", "504"),
        ("EPRT |3|127.0.0.1|50000|", "522"),
        ("EPSV 3", "522"),
        ("EPRT nonsense", "501"),
        ("STOR job.ps", "425"),  # no data connection was ordered
        ("", None),
    ],
)
def test_replies(command: str, reply: str | None, trial: Trial) -> None:
    """The codes on which clients go on, or fall back, or stop."""
    with trial.session() as ftp:
        if reply is None:
            control(ftp).sendall(b"\r\n\r\n \r\n")
            assert ftp.say("NOOP")[:3] == "200"
        else:
            assert ftp.say(command).startswith(reply)


def test_workingDirectory(trial: Trial) -> None:
    """Finding 5: one quoted path that begins with a slash, alone on its line."""
    with trial.session() as ftp:
        for command in ("PWD", "XPWD", "pwd"):
            assert re.fullmatch(r'257 "/" [^"\n]*', ftp.say(command))
        assert ftp.say("CWD port2")[:3] == "250"
        assert re.fullmatch(r'257 "/PORT2" [^"\n]*', ftp.say("PWD"))


def test_passiveReplies(trial: Trial) -> None:
    """Finding 7: the forms that parsers of clients were written for."""
    with trial.session() as ftp:
        assert re.fullmatch(r"227 .*\(127,0,0,1,\d+,\d+\)", ftp.say("PASV"))
        assert re.fullmatch(r"229 .*\(\|\|\|\d+\|\)", ftp.say("EPSV"))
        assert ftp.say("EPSV 1")[:3] == "229"
        assert ftp.say("EPSV 2")[:3] == "522"
        assert ftp.say("EPSV ALL")[:3] == "200"
        for command in ("PASV", "PORT 127,0,0,1,200,10", "EPRT |1|127.0.0.1|50000|"):
            assert ftp.say(command)[:1] == "5"
        assert ftp.say("EPSV")[:3] == "229"


@pytest.mark.parametrize(
    ("user", "password"),
    [("anonymous", "IEUser@"), ("", ""), ("root", ""), ("K\xe4the", "\xdf"), ("a b", "c d")],
)
def test_anyLogin(user: str, password: str, trial: Trial) -> None:
    """Finding 9: 331, then 230, whoever it is."""
    with trial.session(login=False) as ftp:
        assert ftp.say(f"USER {user}".strip())[:3] == "331"
        assert ftp.say(f"PASS {password}".strip())[:3] == "230"


def test_listings(trial: Trial) -> None:
    """Finding 4: LIST and NLST succeed in all their spellings, also where there is nothing."""
    with trial.session() as ftp:
        for command in ("LIST", "LIST -a", "LIST -al", "LIST -la /", "NLST", "NLST -1", "MLSD"):
            lines: list[str] = []
            assert ftp.retrlines(command, lines.append)[:3] == "226"
            assert any("PORT1" in line for line in lines), command
        for command in ("LIST nothing", "NLST nothing", "LIST port2", "NLST /PORT2"):
            assert ftp.retrlines(command, lines.append)[:3] == "226"


# Lines


def answers(ftp: Session, count: int) -> list[str]:
    """The codes of the next replies."""
    return [ftp.reply()[:3] for _ in range(count)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_lineEnds(end: bytes, trial: Trial) -> None:
    """PLCs end lines with LF only."""
    with trial.session(login=False) as ftp:
        control(ftp).sendall(end.join([b"user plc", b"pass x", b"type i", b"pwd", b""]))
        assert answers(ftp, 4) == ["331", "230", "200", "257"]


def test_splitLines(trial: Trial) -> None:
    """A command in as many segments as it has bytes."""
    with trial.session(login=False) as ftp:
        control(ftp).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"USER plc\r\nPASS x\r\nPWD\r\n":
            control(ftp).sendall(bytes([byte]))
            time.sleep(0.002)
        assert answers(ftp, 3) == ["331", "230", "257"]


def test_longLine(trial: Trial) -> None:
    """A line over the limit is refused, and the session goes on."""
    with trial.session() as ftp:
        assert ftp.say("STOR " + "x" * 5000)[:3] == "500"
        assert ftp.say("SITE " + "x" * 4000)[:1] == "2"
        assert ftp.say("NOOP")[:3] == "200"


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nHost: printer\r\nUser-Agent: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
        bytes(range(256)) * 40,
        b"\0" * 10_000,
        b"A" * 200_000,
        b"\xff" * 200_000,
        b"\xff\xfd\x01" * 10_000,
        b"USER \xff\xf4\xff\xf2\xfe\r\n\r\n\n\r",
    ],
    ids=["HTTP", "TLS", "bytes", "NUL", "no line end", "IAC", "Telnet", "half"],
)
def test_garbage(start: bytes, trial: Trial) -> None:
    """A sender that is no FTP client gets replies or a close; the next one is served."""
    before = trial.gateway.memory()
    with socket.create_connection((IPV4, trial.gateway.port), PATIENCE) as wire:
        try:
            wire.sendall(start)
            wire.shutdown(socket.SHUT_WR)
            heard = b"".join(iter(lambda: wire.recv(65536), b""))
        except ConnectionError:
            heard = b"220 "
    assert heard.startswith(b"220 ")
    with trial.session() as ftp:
        assert ftp.send(BINARY)[:3] == "226"
    assert trial.jobs() == [BINARY]
    assert trial.gateway.memory() - before < 16 * 2**20


# Names


@pytest.mark.parametrize(
    ("path", "port", "name"),
    [
        (b"report of today.ps", 1, "report of today.ps"),
        ("Übersicht.ps".encode(), 1, r"\xdcbersicht.ps"),
        ("Übersicht.ps".encode("latin-1"), 1, r"\xdcbersicht.ps"),
        (rb"d:\atlas\temp\ftp_test.ps", 1, r"d:\atlas\temp\ftp_test.ps"),
        (b"-job.ps", 1, "-job.ps"),
        (b"a%20b#c;type=a.ps", 1, "a%20b#c;type=a.ps"),
        (b"/PORT2/job.ps", 2, "job.ps"),
        (b"port2/job.ps", 2, "job.ps"),
        (b"//PORT2/job.ps", 2, "job.ps"),
        (b"portX", 1, "portX"),
        (b"DKA0:[DIR]X.PS;1", 1, "DKA0:[DIR]X.PS;1"),
        (b"port2", 2, "<Unknown>"),
        (b"{0} %s %n {name}", 1, "{0} %s %n {name}"),
        (b"../../etc/passwd", 1, "etc/passwd"),
        (b"a\x1b[2Jb\x07", 1, r"a\x1b[2Jb\x07"),
    ],
)
@pytest.mark.parametrize("verb", ["STOR", "APPE", "STOU"])
def test_names(verb: str, path: bytes, port: int, name: str, trial: Trial) -> None:
    """A name is the rest of the line; it may say the port, and is never a path or a format."""
    with trial.session() as ftp:
        ftp.say("TYPE I")
        host, number = ftp.makepasv()
        with socket.create_connection((host, number), PATIENCE) as data:
            control(ftp).sendall(verb.encode() + b" " + path + b"\r\n")
            assert ftp.reply()[:3] == "150"
            data.sendall(BINARY)
        last = ftp.reply()
        assert last[:3] == "226"
        assert f"(PORT{port}, " in last
        if verb != "STOU":
            assert re.search(rf"Processing job: \d+ {re.escape(name)}\n", last)
    assert trial.jobs(port) == [BINARY]
    assert trial.jobs(3 - port) == []


def test_sizeWithLatin1(trial: Trial) -> None:
    """Bytes that are not UTF-8 name the same file afterwards."""
    with trial.session() as ftp:
        ftp.encoding = "latin-1"
        assert ftp.send(BINARY, "Übersicht.ps")[:3] == "226"
        assert ftp.say("SIZE Übersicht.ps") == f"213 {len(BINARY)}"
        lines: list[str] = []
        ftp.retrlines("NLST", lines.append)
        assert "Übersicht.ps" in lines


# The size that was announced


@pytest.mark.parametrize(
    ("commands", "good"),
    [
        (["TYPE I", "ALLO {size}"], True),
        (["TYPE I", "ALLO 5"], False),
        (["TYPE A", "ALLO 5"], True),
        (["TYPE I", "ALLO 0"], True),
        (["ALLO 5", "TYPE I", "REST 0"], False),
    ],
)
def test_announcedSize(commands: list[str], good: bool, trial: Trial) -> None:
    """ALLO in TYPE I is evidence for the next upload, and for that only."""
    with trial.session() as ftp:
        for command in commands:
            assert ftp.say(command.format(size=len(BINARY)))[:1] in "23"
        for expected in (good, True):
            with ftp.transfercmd("STOR job.ps") as data:
                data.sendall(BINARY)
            assert (ftp.reply()[:3] == "226") is expected


# ABOR


def urgent(wire: socket.socket, data: bytes) -> None:
    """Send the last byte out of band."""
    wire.send(data, socket.MSG_OOB)


def _plain(wire: socket.socket) -> None:
    wire.sendall(b"ABOR\r\n")


def _synch(wire: socket.socket) -> None:  # ncftp, lftp: IAC IP IAC, DM urgent
    wire.sendall(IAC + IP + IAC)
    urgent(wire, DM)
    wire.sendall(b"ABOR\r\n")


def _mark(wire: socket.socket) -> None:  # yafc: the urgent byte is IAC
    wire.sendall(IAC + IP)
    urgent(wire, IAC)
    wire.sendall(DM + b"ABOR\r\n")


def _half(wire: socket.socket) -> None:  # a client that lost the mark
    wire.sendall(IAC + b"ABOR\r\n")


def _rest(wire: socket.socket) -> None:  # the same
    wire.sendall(DM + b"ABOR\r\n")


@pytest.mark.parametrize("ask", [_plain, _synch, _mark, _half, _rest])
def test_abort(ask: Callable[[socket.socket], None], trial: Trial) -> None:
    """Finding 11: every way to ask for the end cuts the job, and the next one is whole."""
    with trial.session() as ftp:
        number = len(trial.printers[0].callers) + 1
        data = ftp.upload()
        data.sendall(b"%!PS\n" + BINARY)
        trial.printers[0].waitForBytes(number, 5)
        ask(control(ftp))
        assert answers(ftp, 2) == ["426", "226"]
        data.close()
        ask(control(ftp))
        assert ftp.reply()[:3] == "226"
        trial.restart()
        assert ftp.send(BINARY)[:3] == "226"
    assert trial.jobs() == [BINARY]


def test_askedMeanwhile(trial: Trial) -> None:
    """NOOP and STAT are answered in mid-transfer; QUIT waits for the job."""
    with trial.session() as ftp:
        with ftp.upload() as data:
            data.sendall(BINARY[:1000])
            assert ftp.say("NOOP")[:3] == "200"
            assert "job" in ftp.say("STAT")
            ftp.putcmd("QUIT")
            assert isQuiet(control(ftp), 0.3)
            data.sendall(BINARY[1000:])
        assert answers(ftp, 2) == ["226", "221"]
    assert trial.jobs() == [BINARY]


# Data connections


def dialled(trial: Trial, host: str, command: str, answer: float = 0.0) -> None:
    """An upload over a connection that the gateway makes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with trial.session(host) as ftp, socket.socket(family) as waiting:
        waiting.bind((host, 0))
        waiting.listen()
        number = waiting.getsockname()[1]
        words = command.format(port=number, high=number // 256, low=number % 256)
        assert ftp.say(words)[:3] == "200"
        assert isQuiet(waiting, 0.1)
        ftp.putcmd("STOR job.ps")
        assert ftp.reply()[:3] == "150"
        time.sleep(answer)
        waiting.settimeout(PATIENCE)
        data, (there, *_) = waiting.accept()
        assert there == host
        with data:
            data.sendall(BINARY)
        assert ftp.reply()[:3] == "226"
    assert trial.jobs() == [BINARY]


@pytest.mark.parametrize(
    "command",
    ["PORT 127,0,0,1,{high},{low}", "EPRT |1|127.0.0.1|{port}|", "eprt !1!127.0.0.1!{port}!"],
)
def test_active(command: str, trial: Trial) -> None:
    """The gateway dials after its 150 and not before: clients accept only then."""
    dialled(trial, IPV4, command, answer=0.2)


@needsIPv6
def test_activeIPv6(trial: Trial) -> None:
    """The same for IPv6."""
    dialled(trial, IPV6, "EPRT |2|::1|{port}|")


@needsIPv6
def test_familyOverIPv6(trial: Trial) -> None:
    """PASV cannot name an IPv6 address: it is refused so that clients try EPSV."""
    with trial.session(IPV6) as ftp:
        assert ftp.say("PASV")[:3] in ("500", "502", "522")
        assert ftp.say("EPSV")[:3] == "229"
        assert ftp.say("EPSV 2")[:3] == "229"
        assert ftp.say("PORT 127,0,0,1,200,10")[:3] == "504"


class ExtendedSession(Session):
    """Uses the extended commands over IPv4 too."""

    def makepasv(self) -> tuple[str, int]:
        """EPSV."""
        return IPV4, int(self.say("EPSV").split("|")[3])

    def sendport(self, host: str, port: int) -> str:
        """EPRT."""
        return self.voidcmd(f"EPRT |1|{host}|{port}|")


@needsIPv6
def test_mappedAddresses(tmp_path: Path) -> None:
    """An IPv4 client of a listener for both families is an IPv4 client, in all four ways."""
    with RawPrinter() as printer:
        options = ["--port", listener("::"), "--printer", printer.uri()]
        with Gateway(tmp_path, *options) as gateway:
            for kind in (Session, ExtendedSession):
                for passive in (True, False):
                    with kind(gateway.port) as ftp:
                        ftp.set_pasv(passive)
                        assert ftp.send(BINARY)[:3] == "226"
            printer.waitForJob(4)
            assert printer.jobs == [BINARY] * 4
            assert "at ::ffff" not in gateway.log


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_whenTheDataConnectionComes(late: bool, trial: Trial) -> None:
    """Before the command, with the whole file already sent, or only after the 150."""
    with trial.session() as ftp:
        host, number = ftp.makepasv()
        if late:
            ftp.putcmd("STOR job.ps")
            assert ftp.reply()[:3] == "150"
            time.sleep(0.3)
        with socket.create_connection((host, number), PATIENCE) as data:
            data.sendall(BINARY)
        if not late:
            time.sleep(0.1)
            assert ftp.say("STOR job.ps")[:3] == "150"
        assert ftp.reply()[:3] == "226"
    assert trial.jobs() == [BINARY]


def test_secondDataConnection(trial: Trial) -> None:
    """One connection per PASV; who comes second is refused, the first one prints."""
    with trial.session() as ftp:
        where = ftp.makepasv()
        first = socket.create_connection(where, PATIENCE)
        with first:
            time.sleep(0.1)
            with (
                pytest.raises(ConnectionError),
                socket.create_connection(where, PATIENCE) as second,
            ):
                if not second.recv(1):
                    raise ConnectionError
            ftp.putcmd("STOR job.ps")
            assert ftp.reply()[:3] == "150"
            first.sendall(BINARY)
        assert ftp.reply()[:3] == "226"
    assert trial.jobs() == [BINARY]


def test_passiveAgain(trial: Trial) -> None:
    """A repeated PASV replaces the earlier one, whose port is closed."""
    with trial.session() as ftp:
        old = ftp.makepasv()
        ftp.makepasv()
        with pytest.raises(ConnectionError), socket.create_connection(old, PATIENCE) as late:
            # It is closed in the turn of the reactor after the reply, with who came in between.
            late.sendall(b"x" * 100)
            if not late.recv(1):
                raise ConnectionError
        assert ftp.send(BINARY)[:3] == "226"
        assert ftp.send(BINARY)[:3] == "226"
    assert trial.jobs() == [BINARY] * 2


def test_strangerOnTheDataPort(trial: Trial) -> None:
    """Another host cannot send the job, and does not spoil it."""
    with trial.session() as ftp:
        where = ftp.makepasv()
        with socket.socket() as stranger:
            stranger.bind(("127.0.0.7", 0))
            stranger.settimeout(PATIENCE)
            with pytest.raises(ConnectionError):
                stranger.connect(where)
                stranger.sendall(b"x" * 100)
                if not stranger.recv(1):
                    raise ConnectionError
        with socket.create_connection(where, PATIENCE) as data:
            ftp.putcmd("STOR job.ps")
            assert ftp.reply()[:3] == "150"
            data.sendall(BINARY)
        assert ftp.reply()[:3] == "226"
    assert trial.jobs() == [BINARY]


def test_reply226(trial: Trial) -> None:
    """Finding 8: exactly 226, with its last line as promised; 150 before it."""
    with trial.session() as ftp:
        ftp.say("TYPE I")
        with ftp.transfercmd("STOR job.ps") as data:
            data.sendall(BINARY)
        lines = ftp.reply().splitlines()
    assert all(line.startswith(("226-", "226 ")) for line in lines)
    shown = rf"226 Transfer complete \(PORT1, job \d+, {len(BINARY)} bytes, delivered\)"
    assert re.fullmatch(shown, lines[-1])
