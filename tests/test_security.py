"""
TLS as senders meet it: over real sockets, against C{twistd jetftp}.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")

from tests.support.caller import Caller, resetConnection
from tests.support.certificate import selfSigned
from tests.support.gateway import Gateway
from tests.support.modes import IPV4, TLS, Mode
from tests.support.peer import PATIENCE
from tests.support.printservice import PrintService, listener, twistedListener
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import MUCH, Session, lastLine, push, streamDigest

pytestmark = pytest.mark.slow

JOB = b"%!PS\n" + bytes(range(256)) * 400
AUTH = Mode(tls=TLS.EXPLICIT)
IMPLICIT = Mode(tls=TLS.IMPLICIT)
MEGABYTE = 2**20


class SecureSession(Session):
    """
    A session over TLS, explicit unless C{implicit}.

    @ivar protected: data connections are to be encrypted by this side.
    """

    def __init__(
        self,
        port: int,
        trusted: Path,
        login: bool = True,
        implicit: bool = False,
        prot: bool = True,
    ) -> None:
        self.context = ssl.create_default_context(cafile=str(trusted))
        self.protected = prot
        self._implicit = implicit
        super().__init__(port, login=False)
        if not implicit:
            assert self.say("AUTH TLS")[:3] == "234"
            self.encrypt()
        if login:
            self.login("tester", "secret")
            if not implicit:
                assert self.say("PBSZ 0")[:3] == "200"
                assert self.say(f"PROT {'P' if prot else 'C'}")[:3] == "200"

    def encrypt(self) -> None:
        """The handshake."""
        assert self.sock is not None
        self.sock = self.context.wrap_socket(self.sock, server_hostname=IPV4)
        self.file = self.sock.makefile("r", encoding=self.encoding)

    def getresp(self) -> str:
        """C{ftplib} waits for the greeting here: before it comes the handshake, if implicit."""
        if self._implicit and not isinstance(self.sock, ssl.SSLSocket):
            self.encrypt()
        return super().getresp()

    @property
    def control(self) -> ssl.SSLSocket:
        """The control connection."""
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.sock

    def begin(self, name: str = "job.ps", reuse: bool = False) -> ssl.SSLSocket:
        """An upload whose data connection has shaken hands; the 150 has come."""
        wire = self.upload(name)
        old = self.control.session if reuse else None
        return self.context.wrap_socket(wire, server_hostname=IPV4, session=old)

    def print(self, data: bytes = JOB) -> str:
        """A whole job."""
        if not self.protected:
            return self.send(data)
        with self.begin() as wire:
            wire.sendall(data)
            bare = wire.unwrap()  # our close_notify, and theirs
        bare.close()
        return self.reply()


@pytest.fixture(scope="module")
def oneService(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintService]:
    """The gateway of most tests here."""
    with PrintService(tmp_path_factory.mktemp("service")) as service:
        yield service
        assert "Traceback" not in service.gateway.log, service.gateway.log


class Trial:
    """What was printed since."""

    def __init__(self, service: PrintService) -> None:
        self.service = service
        self._before = len(service.printer.callers)

    @property
    def jobs(self) -> list[bytes]:
        """The jobs that had any bytes."""
        numbers = range(self._before + 1, len(self.service.printer.callers) + 1)
        return [job for number in numbers if (job := self.service.printer.waitForJob(number))]

    def secure(self, **how: bool) -> SecureSession:
        """A session over TLS."""
        mode = IMPLICIT if how.get("implicit") else AUTH
        return SecureSession(self.service.port(mode), self.service.trusted, **how)

    def plain(self, login: bool = True) -> Session:
        """A session without."""
        return Session(self.service.port(AUTH), login=login)


@pytest.fixture
def trial(oneService: PrintService) -> Trial:
    """Nothing printed yet."""
    return Trial(oneService)


def encrypt(ftp: Session, trial: Trial) -> None:
    """The handshake after an AUTH that was sent by hand."""
    context = ssl.create_default_context(cafile=str(trial.service.trusted))
    assert ftp.sock is not None
    ftp.sock = context.wrap_socket(ftp.sock, server_hostname=IPV4)
    ftp.file = ftp.sock.makefile("r", encoding=ftp.encoding)


# The commands


def test_before(trial: Trial) -> None:
    """What AUTH is needed for is refused before it; the way is in FEAT."""
    with trial.plain(login=False) as ftp:
        features = ftp.say("FEAT")
        for feature in (" AUTH TLS", " PBSZ", " PROT"):
            assert f"\n{feature}\n" in features
        for command in ("PBSZ 0", "PROT P", "PROT C", "CCC"):
            assert ftp.say(command)[:3] == "503"
        for command in ("AUTH KERBEROS_V4", "AUTH GSSAPI", "AUTH XYZ"):
            assert ftp.say(command)[:3] == "504"
        assert ftp.say("AUTH")[:3] == "501"


@pytest.mark.parametrize("word", ["TLS", "SSL", "TLS-C", "tls"])
def test_auth(word: str, trial: Trial) -> None:
    """All names under which clients ask for it; it is asked for once."""
    with trial.plain(login=False) as ftp:
        assert ftp.say(f"AUTH {word}")[:3] == "234"
        encrypt(ftp, trial)
        assert ftp.say("AUTH TLS")[:3] == "503"
        assert ftp.say("SYST") == "215 UNIX Type: L8"
        ftp.login("tester", "secret")
        assert ftp.say("NOOP")[:3] == "200"


def test_commands(trial: Trial) -> None:
    """PBSZ, PROT and CCC as RFC 4217 has them."""
    with trial.secure(login=False) as ftp:
        for command, reply in [
            ("PROT P", "200"),  # some do not send PBSZ before it
            ("PBSZ 0", "200"),
            ("PROT C", "200"),
            ("prot p", "200"),
            ("PROT S", "536"),
            ("PROT E", "536"),
            ("PROT X", "504"),
            ("CCC", "534"),
        ]:
            assert ftp.say(command)[:3] == reply, command
        ftp.login("tester", "secret")
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


@pytest.mark.parametrize(
    ("size", "reply"),
    [
        ("0", "200 PBSZ=0"),
        ("16384", "200 PBSZ=0"),
        ("4294967295", "200 PBSZ=0"),
        ("00000000000000", "200 PBSZ=0"),
        ("4294967296", "501"),
        ("9" * 400, "501"),
        ("-1", "501"),
        ("1e3", "501"),
        ("0x10", "501"),
        ("", "501"),
    ],
)
def test_bufferSize(size: str, reply: str, trial: Trial) -> None:
    """Any size is answered with 0, which is what it comes to; what is none is 501 (RFC 2228)."""
    with trial.secure(login=False) as ftp:
        assert ftp.say(f"PBSZ {size}").startswith(reply)


def test_loginEnds(trial: Trial) -> None:
    """What was said in clear counts no more after AUTH: everything begins again."""
    with trial.plain() as ftp:
        assert ftp.say("CWD PORT1")[:3] == "250"
        assert ftp.say("AUTH TLS")[:3] == "234"
        encrypt(ftp, trial)
        assert ftp.say("PWD")[:3] == "530"
        assert ftp.say("PASS secret")[:3] == "503"
        ftp.login("tester", "secret")
        assert ftp.say("PWD").startswith('257 "/"')


def test_clearData(trial: Trial) -> None:
    """PROT C: a control connection over TLS, data in clear."""
    with trial.secure(prot=False) as ftp:
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


def test_changeProtection(trial: Trial) -> None:
    """The level at the time of PASV is that of its data connection."""
    with trial.secure(prot=False) as ftp:
        assert ftp.print()[:3] == "226"
        assert ftp.say("PROT P")[:3] == "200"
        ftp.protected = True
        assert ftp.print()[:3] == "226"
        assert ftp.say("PROT C")[:3] == "200"
        ftp.protected = False
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB] * 3


@pytest.mark.parametrize("word", ["SSL", "TLS-P"])
def test_authProtects(word: str, trial: Trial) -> None:
    """Under the older names of AUTH data are protected, also after REIN, until PROT C."""
    with trial.plain(login=False) as ftp:
        assert ftp.say(f"AUTH {word}")[:3] == "234"
        encrypt(ftp, trial)
        context = ssl.create_default_context(cafile=str(trial.service.trusted))
        for _ in range(2):
            ftp.login("tester", "secret")
            with context.wrap_socket(ftp.upload(), server_hostname=IPV4) as wire:
                wire.sendall(JOB)
                wire.unwrap().close()
            assert ftp.reply()[:3] == "226"
            assert ftp.say("REIN")[:3] == "220"
        ftp.login("tester", "secret")
        assert ftp.say("PROT C")[:3] == "200"
        assert ftp.send(JOB)[:3] == "226"
    assert trial.jobs == [JOB] * 3


def clientHello(context: ssl.SSLContext) -> bytes:
    """What a client says first."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ours, theirs, server_hostname=IPV4).do_handshake()
    return theirs.read()


def test_handshakeWithoutAUTH(trial: Trial) -> None:
    """
    The session never spoke TLS, as behind a proxy that ends it: a handshake is no job all the same.
    """
    with trial.plain() as ftp:
        with contextlib.closing(ftp.upload()) as wire:
            wire.sendall(clientHello(ssl.create_default_context()))
            reply = ftp.reply()
        assert reply.startswith("550")
        assert "AUTH TLS and PROT P" in reply
        assert ftp.send(JOB)[:3] == "226"
    assert trial.jobs == [JOB]


@pytest.mark.parametrize("passive", [True, False])
@pytest.mark.parametrize("piece", [1, 7, 5000])
@pytest.mark.parametrize("said", [(), ("PROT C",), ("PBSZ 0",)])
def test_handshakeInClear(said: Sequence[str], piece: int, passive: bool, trial: Trial) -> None:
    """
    A handshake over a data connection that is not encrypted is no job: nothing is printed.

    The session goes on, and the next job prints as soon as PROT P was said.
    """
    with trial.plain(login=False) as ftp:
        assert ftp.say("AUTH TLS")[:3] == "234"
        encrypt(ftp, trial)
        ftp.login("tester", "secret")
        for command in said:
            assert ftp.say(command)[:3] == "200"
        ftp.set_pasv(passive)
        context = ssl.create_default_context(cafile=str(trial.service.trusted))
        hello = clientHello(context)
        with contextlib.closing(ftp.upload()) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(hello), piece):
                wire.sendall(hello[at : at + piece])
            reply = ftp.reply()
        assert reply.startswith("550")
        assert "PROT P" in reply
        assert ftp.say("PROT P")[:3] == "200"
        with context.wrap_socket(ftp.upload(), server_hostname=IPV4) as secured:
            secured.sendall(JOB)
            secured.unwrap().close()
        assert ftp.reply()[:3] == "226"
    assert trial.jobs == [JOB]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (JOB, "was not encrypted"),
        (b"%", "was not encrypted"),
        (b"", "ended before its TLS handshake"),
        (b"\x16\x03\x01\x00\x05\x01", "ended in its TLS handshake"),
    ],
)
@pytest.mark.parametrize("passive", [True, False])
def test_clearUnderProtection(sent: bytes, words: str, passive: bool, trial: Trial) -> None:
    """After PROT P a job in clear is not printed, and its sender is told what was wrong."""
    with trial.secure() as ftp:
        ftp.set_pasv(passive)
        with contextlib.closing(ftp.upload()) as wire:
            with contextlib.suppress(OSError):
                wire.sendall(sent)
                wire.shutdown(socket.SHUT_WR)
            reply = ftp.reply()
        assert reply[:3] == "451"
        assert words in reply
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


def test_listing(trial: Trial) -> None:
    """Listings are encrypted too, and end with close_notify."""
    with trial.secure() as ftp:
        with ftp.context.wrap_socket(ftp.transfercmd("LIST"), server_hostname=IPV4) as wire:
            heard = b"".join(iter(lambda: wire.recv(65536), b""))
        assert b"PORT1" in heard
        assert ftp.reply()[:3] == "226"


def test_active(trial: Trial) -> None:
    """The gateway dials, and is the server of TLS all the same."""
    with trial.secure() as ftp:
        ftp.set_pasv(False)
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


def test_implicit(trial: Trial) -> None:
    """TLS from the first byte; data connections are protected unless PROT says otherwise."""
    with trial.secure(implicit=True) as ftp:
        assert ftp.greeting[:3] == "220"
        assert ftp.say("AUTH TLS")[:3] == "503"
        assert ftp.print()[:3] == "226"
        assert ftp.say("PBSZ 0")[:3] == "200"
        assert ftp.say("PROT P")[:3] == "200"
        assert ftp.print()[:3] == "226"
        assert ftp.say("PROT C")[:3] == "200"
        ftp.protected = False
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB] * 3


def test_implicitAgain(trial: Trial) -> None:
    """REIN under implicit TLS leads back to the state after its handshake: protected data."""
    with trial.secure(implicit=True) as ftp:
        assert ftp.say("REIN")[:3] == "220"
        ftp.login("tester", "secret")
        with contextlib.closing(ftp.upload()) as wire:
            wire.settimeout(1)
            with ftp.context.wrap_socket(wire, server_hostname=IPV4) as secured:
                secured.sendall(JOB)
                secured.unwrap().close()
        assert ftp.reply()[:3] == "226"
    assert trial.jobs == [JOB]


# Application protocols (RFC 7301)


def handshake(trial: Trial, *offered: str) -> ssl.SSLSocket:
    """A connection to the port of implicit TLS."""
    context = ssl.create_default_context(cafile=str(trial.service.trusted))
    context.set_alpn_protocols(offered)
    wire = socket.create_connection((IPV4, trial.service.port(IMPLICIT)), PATIENCE)
    return context.wrap_socket(wire, server_hostname=IPV4)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("ftp",), "ftp"),
        (("h2", "ftp"), "ftp"),
        (("x-filezilla-ftp",), None),
        (("ftp-data",), None),
    ],
)
def test_protocolIsFTP(offered: tuple[str, ...], chosen: str | None, trial: Trial) -> None:
    """A client that names FTP is served, and one that has its own name for it."""
    with handshake(trial, *offered) as wire:
        assert wire.selected_alpn_protocol() == chosen
        assert wire.recv(4) == b"220 "


def test_protocolIsAnother(trial: Trial) -> None:
    """A client that names only protocols of the web is a browser led here, and is not heard."""
    with pytest.raises(ssl.SSLError):
        handshake(trial, "h2", "http/1.1").close()
    with trial.secure(implicit=True) as ftp:
        assert ftp.print()[:3] == "226"


# --require-tls


@pytest.fixture(scope="module")
def strictService(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintService]:
    """Nothing without encryption."""
    with PrintService(tmp_path_factory.mktemp("strict"), "--require-tls") as service:
        yield service


def test_requireTLS(strictService: PrintService) -> None:
    """No name is taken before AUTH, and no data in clear afterwards."""
    trial = Trial(strictService)
    with trial.plain(login=False) as ftp:
        assert ftp.say("SYST")[:3] == "215"
        assert ftp.say("FEAT")[:3] == "211"
        assert ftp.say("USER tester")[:3] == "530"
        assert ftp.say("PASS secret")[:3] == "503"
    with trial.secure(login=False) as ftp:
        ftp.login("tester", "secret")
        for command in ("STOR job.ps", "LIST", "NLST", "MLSD", "APPE job.ps", "STOU"):
            assert ftp.say("EPSV")[:3] == "229"
            assert ftp.say(command)[:3] == "521", command
        assert ftp.say("EPSV")[:3] == "229"
        assert ftp.say("PROT P")[:3] == "200"
        assert ftp.say("STOR job.ps")[:3] == "521"  # that EPSV was before the PROT
        assert ftp.say("PROT C")[:3] == "534"
        assert ftp.print()[:3] == "226"
        assert ftp.say("REIN")[:3] == "220"
        ftp.login("tester", "secret")
        assert ftp.say("EPSV")[:3] == "229"
        assert ftp.say("STOR job.ps")[:3] == "521"
    assert trial.jobs == [JOB]


def test_requireTLSImplicit(strictService: PrintService) -> None:
    """Implicit TLS is TLS."""
    trial = Trial(strictService)
    with trial.secure(implicit=True) as ftp:
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


# What came in clear


INJECTED = b"AUTH TLS\r\nUSER mallory\r\nPASS x\r\nCWD PORT1\r\n"


@pytest.mark.parametrize("cut", range(1, len(INJECTED) + 1))
def test_injection(cut: int, trial: Trial) -> None:
    """
    Commands in clear behind AUTH are never obeyed under TLS, however the bytes come.

    Either they are dropped, or they spoil the handshake.
    """
    context = ssl.create_default_context(cafile=str(trial.service.trusted))
    with trial.plain(login=False) as ftp:
        assert ftp.sock is not None
        ftp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ftp.sock.sendall(INJECTED[:cut])
        if INJECTED[cut:]:
            time.sleep(0.01)
            ftp.sock.sendall(INJECTED[cut:])
        assert ftp.reply()[:3] == "234"
        try:
            with context.wrap_socket(ftp.sock, server_hostname=IPV4) as wire:
                wire.sendall(b"STAT\r\n")
                heard = wire.recv(65536).decode()
                while "211 " not in heard:
                    heard += wire.recv(65536).decode()
        except (ssl.SSLError, ConnectionError):
            return
    assert heard.startswith("211-")
    assert "Not logged in" in heard and "mallory" not in heard


# The end of a data connection


def begun(ftp: SecureSession, trial: Trial) -> ssl.SSLSocket:
    """A job of which bytes have reached the printer."""
    printer = trial.service.printer
    number = len(printer.callers) + 1
    wire = ftp.begin()
    wire.sendall(JOB)
    printer.waitForBytes(number, len(JOB))
    return wire


def test_noCloseNotify(trial: Trial) -> None:
    """An end without close_notify can be anybody's: the job is cut, and the next one is whole."""
    with trial.secure() as ftp:
        wire = begun(ftp, trial)
        wire.shutdown(socket.SHUT_WR)  # a FIN
        assert ftp.reply()[:3] == "551"
        wire.close()
        assert ftp.print()[:3] == "226"
    assert trial.jobs[-1] == JOB


def test_noCloseNotifyAndNoByte(trial: Trial) -> None:
    """Before the first byte it is safe to send again."""
    with trial.secure() as ftp:
        with ftp.begin() as wire:
            wire.shutdown(socket.SHUT_WR)
            assert ftp.reply()[:3] == "451"
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


def test_noCloseNotifyIsNamed(trial: Trial) -> None:
    """The operator is told what happened, or would look for a reset in vain."""
    with trial.secure() as ftp, begun(ftp, trial) as wire:
        wire.shutdown(socket.SHUT_WR)
        assert "close_notify" in ftp.reply()


def test_reset(trial: Trial) -> None:
    """A reset is a loss."""
    with trial.secure() as ftp:
        resetConnection(begun(ftp, trial))
        assert ftp.reply()[:3] == "551"
        assert ftp.print()[:3] == "226"


@pytest.fixture(scope="module")
def lenientService(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintService]:
    """Believes a FIN."""
    with PrintService(tmp_path_factory.mktemp("lenient"), "--tls-lenient-close") as service:
        yield service


def test_lenientClose(lenientService: PrintService) -> None:
    """For old senders a FIN can be made enough; close_notify still is."""
    trial = Trial(lenientService)
    with trial.secure() as ftp:
        with begun(ftp, trial) as wire:
            wire.shutdown(socket.SHUT_WR)
            assert ftp.reply()[:3] == "226"
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB] * 2


def test_lenientReset(lenientService: PrintService) -> None:
    """A reset is never enough."""
    trial = Trial(lenientService)
    with trial.secure() as ftp:
        resetConnection(begun(ftp, trial))
        assert ftp.reply()[:3] == "551"


class Spliced:
    """A data connection whose TLS records can be cut: the bytes go through memory."""

    def __init__(self, ftp: SecureSession) -> None:
        self.wire = ftp.upload("job.ps")
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ftp.context.wrap_bio(self._in, self._out, server_hostname=IPV4)
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.wire.sendall(self._out.read())
                self._in.write(self.wire.recv(65536))
            else:
                break
        self.wire.sendall(self._out.read())

    def records(self, data: bytes) -> bytes:
        """The records for these bytes, not sent."""
        self.tls.write(data)
        return self._out.read()


@pytest.mark.parametrize("lenient", [False, True])
def test_cutRecord(lenient: bool, oneService: PrintService, lenientService: PrintService) -> None:
    """An end in the middle of a TLS record is no end of a file, whatever is believed."""
    trial = Trial(lenientService if lenient else oneService)
    with trial.secure() as ftp:
        number = len(trial.service.printer.callers) + 1
        spliced = Spliced(ftp)
        with spliced.wire as wire:
            wire.sendall(spliced.records(b"%!PS\n"))
            trial.service.printer.waitForBytes(number, 5)
            wire.sendall(spliced.records(b"x" * 1000)[:-10])
            wire.shutdown(socket.SHUT_WR)
            assert ftp.reply()[:3] == "551"


def test_clearInsteadOfTLS(trial: Trial) -> None:
    """A sender that forgets to encrypt prints nothing, and is told 4xx."""
    with trial.secure() as ftp:
        with ftp.upload() as wire:
            wire.sendall(JOB)
            assert ftp.reply()[:1] == "4"
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


def test_earlyData(trial: Trial) -> None:
    """A data connection that shakes hands and is filled before the command loses nothing."""
    with trial.secure() as ftp:
        ftp.say("TYPE I")
        host, number = ftp.makepasv()
        spliced = socket.create_connection((host, number), PATIENCE)
        with ftp.context.wrap_socket(spliced, server_hostname=IPV4) as wire:
            wire.sendall(JOB)
            assert ftp.say("NOOP")[:3] == "200"  # it has read once more since
            ftp.putcmd("STOR job.ps")
            assert ftp.reply()[:3] == "150"
            wire.unwrap().close()
        assert ftp.reply()[:3] == "226"
    assert trial.jobs == [JOB]


def test_lateHandshake(trial: Trial) -> None:
    """A client may wait with its handshake until the 150, or a while longer."""
    with trial.secure() as ftp:
        wire = ftp.upload()
        time.sleep(0.3)
        with ftp.context.wrap_socket(wire, server_hostname=IPV4) as secured:
            secured.sendall(JOB)
            secured.unwrap().close()
        assert ftp.reply()[:3] == "226"
    assert trial.jobs == [JOB]


def test_handshakeNeverDone(trial: Trial) -> None:
    """A data connection that never shakes hands holds nobody up once it is gone."""
    with trial.secure() as ftp:
        with ftp.upload() as wire:
            wire.sendall(b"\x16\x03\x01")
        assert ftp.reply()[:1] == "4"
        assert ftp.print()[:3] == "226"
    assert trial.jobs == [JOB]


# Sessions


def test_reuseOffered(trial: Trial) -> None:
    """A data connection may go on with the TLS session of the control connection."""
    with trial.secure() as ftp:
        assert ftp.control.version() == "TLSv1.2"
        with ftp.begin(reuse=True) as wire:
            assert wire.session_reused
            wire.sendall(JOB)
            wire.unwrap().close()
        assert ftp.reply()[:3] == "226"
    assert trial.jobs == [JOB]


def test_reuseNotRequired(trial: Trial) -> None:
    """It need not: many clients cannot."""
    with trial.secure() as ftp:
        with ftp.begin() as wire:
            assert not wire.session_reused
            wire.sendall(JOB)
            wire.unwrap().close()
        assert ftp.reply()[:3] == "226"


# During a transfer


def test_abort(trial: Trial) -> None:
    """ABOR under TLS cuts the job: 426, 226, and the next one prints."""
    with trial.secure() as ftp:
        with begun(ftp, trial):
            ftp.putcmd("ABOR")
            assert ftp.reply()[:3] == "426"
            assert ftp.reply()[:3] == "226"
        assert ftp.print()[:3] == "226"
    assert trial.jobs[-1] == JOB


def test_control(trial: Trial) -> None:
    """NOOP and STAT are answered meanwhile; QUIT waits and gets its close_notify."""
    with trial.secure() as ftp:
        with begun(ftp, trial) as wire:
            assert ftp.say("NOOP")[:3] == "200"
            assert "job" in ftp.say("STAT")
            ftp.putcmd("QUIT")
            wire.unwrap().close()
        assert ftp.reply()[:3] == "226"
        assert ftp.reply()[:3] == "221"
        assert ftp.control.recv(1) == b""  # not an error: the close_notify came
    assert trial.jobs == [JOB]


def test_heardAndGone(trial: Trial) -> None:
    """A sender that said QUIT, and has read 226 and 221, was not lost."""
    told = []
    for _ in range(10):
        with trial.secure() as ftp:
            with ftp.begin() as wire:
                number = int(trial.service.gateway.matches(r"job (\d+) on PORT1: '")[-1][1])
                wire.sendall(JOB)
                ftp.putcmd("QUIT")
                assert ftp.say("NOOP")[:3] == "200"  # at once, and QUIT is read
                wire.unwrap().close()
            assert ftp.reply()[:3] == "226"
            assert ftp.reply()[:3] == "221"
            ftp.control.unwrap().close()
            ftp.file = ftp.sock = None
        told.append(trial.service.gateway.jobEnd(number))
    assert not any("sender lost" in each for each in told), told


def test_controlLost(trial: Trial) -> None:
    """A sender whose control connection breaks is lost: the job is not complete."""
    with trial.secure() as ftp:
        with begun(ftp, trial):
            number = int(trial.service.gateway.matches(r"job (\d+) on PORT1: '")[-1][1])
            assert ftp.file is not None
            ftp.file.close()
            resetConnection(ftp.control)
            told = trial.service.gateway.jobEnd(number)
        ftp.file = ftp.sock = None
    assert told.startswith("aborted: ") and "control connection" in told


def test_backPressure(tmp_path: Path) -> None:
    """A printer that stops holds the sender back through TLS, and memory stays flat."""
    import threading

    go = threading.Event()

    def waits(caller: Caller) -> None:
        caller.read(1000)
        caller.waitFor(go)
        good(caller)

    certificate = selfSigned(tmp_path)
    with (
        RawPrinter(waits, receiveBuffer=65536, keep=False) as printer,
        Gateway(
            tmp_path, "--printer", printer.uri(), f"--tls-certificate={certificate}"
        ) as gateway,
        SecureSession(gateway.port, certificate) as ftp,
    ):
        before = gateway.memory()
        with ftp.begin() as wire:
            sent = push(wire, MUCH, patience=2)
            assert sent < MUCH
            assert gateway.memory() - before < 12 * MEGABYTE
            go.set()
            wire.settimeout(PATIENCE)
            total = push(wire, sent + 8 * MEGABYTE, sent, patience=PATIENCE)
            wire.unwrap().close()
        assert ftp.reply()[:3] == "226"
        assert gateway.memory("VmHWM") - before < 16 * MEGABYTE
        printer.waitForJob(1)
        assert printer.callers[0].digest == streamDigest(total)


# Renewal


def serial(port: int, implicit: bool = False) -> int | None:
    """The serial number of the certificate that is served."""
    from cryptography import x509

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((IPV4, port), PATIENCE) as plain:
        if not implicit:
            plain.recv(1000)
            plain.sendall(b"AUTH TLS\r\n")
            plain.recv(1000)
        with context.wrap_socket(plain) as wire:
            der = wire.getpeercert(True)
    return x509.load_der_x509_certificate(der).serial_number if der else None


def test_renewal(tmp_path: Path) -> None:
    """
    SIGHUP: the next session gets the new certificate, a running one goes on.

    A file that cannot be used changes nothing, and the log says so.
    """
    first = selfSigned(tmp_path)
    second = selfSigned(tmp_path, "second")
    with RawPrinter() as printer:
        options = ["--printer", printer.uri(), f"--tls-certificate={first}"]
        with Gateway(tmp_path, *options) as gateway:
            trusted = Path(shutil.copy(first, tmp_path / "trusted.pem"))
            with SecureSession(gateway.port, trusted) as ftp:
                old = serial(gateway.port)
                shutil.copy(second, first)
                os.kill(gateway._process.pid, signal.SIGHUP)
                gateway.waitFor("certificate was read again")
                new = serial(gateway.port)
                assert new not in (old, None)
                assert ftp.say("NOOP")[:3] == "200"
                first.write_text("not yet")
                os.kill(gateway._process.pid, signal.SIGHUP)
                gateway.waitFor(r"--tls-certificate=.*gateway\.pem: ")
                gateway.waitFor("nothing has changed")
                assert serial(gateway.port) == new
                first.unlink()
                os.kill(gateway._process.pid, signal.SIGHUP)
                gateway.waitFor("nothing has changed", count=2)
                assert serial(gateway.port) == new
            with SecureSession(gateway.port, second) as ftp:
                assert ftp.print()[:3] == "226"
            assert "Traceback" not in gateway.log


def test_renewalOfImplicit(tmp_path: Path) -> None:
    """Implicit TLS shows the new certificate too."""
    with PrintService(tmp_path) as service:
        old = serial(service.port(IMPLICIT), implicit=True)
        shutil.copy(selfSigned(tmp_path, "second"), service.trusted)
        os.kill(service.gateway._process.pid, signal.SIGHUP)
        service.gateway.waitFor("certificate was read again")
        assert serial(service.port(IMPLICIT), implicit=True) != old


@pytest.mark.parametrize("kind", ["tls", "ssl"])
def test_implicitWithoutCertificate(kind: str, tmp_path: Path) -> None:
    """Implicit TLS without the certificate for data connections: the start says what is missing."""
    certificate = selfSigned(tmp_path)
    endpoint = listener(IPV4, implicit=True)
    if kind == "ssl":
        endpoint = twistedListener(IPV4, certificate)
    with pytest.raises(AssertionError, match="--tls-certificate"):
        Gateway(tmp_path, "--port", endpoint)


def test_twistedsImplicit(tmp_path: Path) -> None:
    """Twisted's own endpoint for TLS works as well."""
    certificate = selfSigned(tmp_path)
    with RawPrinter() as printer:
        options = ["--port", twistedListener(IPV4, certificate), "--printer", printer.uri()]
        options += [f"--tls-certificate={certificate}"]
        with (
            Gateway(tmp_path, *options) as gateway,
            SecureSession(gateway.port, certificate, implicit=True) as ftp,
        ):
            assert ftp.say("PROT P")[:3] == "200"
            assert ftp.print()[:3] == "226"
        assert printer.jobs == [JOB]


def test_hangUpWithoutTLS(tmp_path: Path) -> None:
    """Without a certificate SIGHUP changes nothing: not the job that prints, not the next one."""
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        os.kill(gateway._process.pid, signal.SIGHUP)
        gateway.waitFor("nothing has changed")
        with Session(gateway.port) as session:
            assert lastLine(session.send(JOB))[:3] == "226"
        assert printer.jobs == [JOB]
