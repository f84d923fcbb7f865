"""
One small driver for each client: upload one file, in one mode, as its users would.

A driver takes the service, the mode and the file; the client runs in the file's directory.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.clients import Result, run
from tests.support.modes import TLS, Mode, Way
from tests.support.packages import file as debianFile
from tests.support.packages import peer, program
from tests.support.printservice import PrintService

Driver = Callable[[PrintService, Mode, Path], Result]

_SCRIPTS = Path(__file__).parent / "scripts"
_COMMONS_NET = "/usr/share/java/commons-net.jar"
_QUICK_JAVA = ["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def curl(service: PrintService, mode: Mode, file: Path) -> Result:
    """C{curl -T file ftp://...}."""
    words = [program("curl"), "-sSvg", "--cacert", str(service.trusted), "--max-time", "20"]
    words += ["--ssl-reqd"] * (mode.tls is TLS.EXPLICIT) + ["--use-ascii"] * mode.ascii
    if not mode.passive:
        words += ["--ftp-port", "-"]
    if mode.way is Way.PASV:
        words.append("--disable-epsv")
    if mode.way is Way.PORT:
        words.append("--disable-eprt")
    return run([*words, "-T", str(file), service.url(mode)], file.parent)


def lftpSettings(service: PrintService, mode: Mode) -> list[str]:
    """What lftp is told before it connects."""
    return [
        "set net:max-retries 1",
        "set net:timeout 20",
        "set cmd:fail-exit yes",
        f"set ssl:ca-file {service.trusted}",
        f"set ftp:passive-mode {mode.passive}",
        f"set ftp:prefer-epsv {mode.way is Way.EPSV}",
        f"set ftp:ssl-allow {mode.tls is not TLS.NONE}",
        f"set ftp:ssl-force {mode.tls is TLS.EXPLICIT}",
        "set ftp:ssl-protect-data yes",
    ]


def lftp(service: PrintService, mode: Mode, file: Path) -> Result:
    """C{lftp -e "put file; bye"}."""
    put = f"put {'-a ' if mode.ascii else ''}{file.name}"
    script = "; ".join([*lftpSettings(service, mode), f"open {service.url(mode)}", put, "bye"])
    return run([program("lftp"), "-d", "-c", script], file.parent)


def _typed(
    words: Sequence[str], service: PrintService, mode: Mode, file: Path, *before: str
) -> Result:
    kind = "ascii" if mode.ascii else "binary"
    commands = ["user tester secret", *before, kind, f"put {file.name}", "quit", ""]
    return run([*words, mode.host, str(service.port(mode))], file.parent, "\n".join(commands))


def tnftp(service: PrintService, mode: Mode, file: Path) -> Result:
    """NetBSD's client, which is Debian's C{ftp}; it prefers the extended commands."""
    words = [program("tnftp"), "-n", "-v", "-d", "-i", "-p" if mode.passive else "-A"]
    other = ["epsv4"] * (mode.way in (Way.PASV, Way.PORT))
    return _typed(words, service, mode, file, *other)


def inetutils(service: PrintService, mode: Mode, file: Path) -> Result:
    """GNU's client."""
    words = [program("inetutils-ftp"), "-n", "-v", "-d", "-i", "-p" if mode.passive else "-A"]
    return _typed(words, service, mode, file)


def ncftpput(service: PrintService, mode: Mode, file: Path, *options: str) -> Result:
    """What scripts call."""
    words = [program("ncftpput", "ncftp"), "-d", "stdout", "-u", "tester", "-p", "secret"]
    words += ["-P", str(service.port(mode)), "-F" if mode.passive else "-E", "-r", "1", "-t", "20"]
    words += ["-a"] * mode.ascii + [*options]
    return run([*words, mode.host, ".", file.name], file.parent)


def busybox(service: PrintService, mode: Mode, file: Path) -> Result:
    """What small boxes have."""
    words = [program("busybox"), "ftpput", "-v", "-u", "tester", "-p", "secret"]
    words += ["-P", str(service.port(mode)), mode.host, file.name, file.name]
    return run(words, file.parent)


def wput(service: PrintService, mode: Mode, file: Path) -> Result:
    """GNU wget's unrelated sister; it takes TLS wherever it is offered."""
    words = [program("wput"), "--verbose", "--tries=1"]
    words += ["--disable-tls"] * (mode.tls is TLS.NONE)
    words += ["--port-mode"] * (not mode.passive) + ["--ascii" if mode.ascii else "--binary"]
    return run([*words, file.name, service.url(mode, "tester:secret@")], file.parent)


def rclone(
    service: PrintService, mode: Mode, file: Path, *words: str, typed: bytes = b""
) -> Result:
    """C{rclone copyto}, or other C{words}, which may read what is C{typed}."""
    found = program("rclone")
    obscured = subprocess.run([found, "obscure", "secret"], capture_output=True, timeout=20)
    remote = f":ftp:{file.name}"
    options = [
        f"--ftp-host={mode.urlHost}",
        f"--ftp-port={service.port(mode)}",
        "--ftp-user=tester",
    ]
    options += [f"--ftp-pass={obscured.stdout.decode().strip()}", "--retries=1"]
    options += ["--low-level-retries=1", "--config=", "-vv", "--dump=auth,headers,bodies"]
    options += ["--ftp-disable-epsv"] * (mode.way is Way.PASV)
    options += ["--ftp-explicit-tls"] * (mode.tls is TLS.EXPLICIT)
    options += ["--ftp-tls"] * (mode.tls is TLS.IMPLICIT)
    command = [found, *(words or ["copyto", file.name, remote]), *options]
    trust = ["env", f"SSL_CERT_FILE={service.trusted}"]
    if typed:
        pipe = file.with_name("pipe")
        pipe.write_bytes(typed)
        trust = ["sh", "-c", 'exec "$@" <"$0"', str(pipe), *trust]
    return run([*trust, *command], file.parent)


def _script(words: Sequence[str], service: PrintService, mode: Mode, file: Path) -> Result:
    kind = "A" if mode.ascii else "I"
    how = [
        mode.host,
        str(service.port(mode)),
        mode.way,
        mode.tls,
        kind,
        str(file),
        str(service.trusted),
    ]
    return run([*words, *how], file.parent)


def perl(service: PrintService, mode: Mode, file: Path) -> Result:
    """Net::FTP."""
    if mode.tls is not TLS.NONE:
        debianFile("/usr/share/perl5/IO/Socket/SSL.pm", "libio-socket-ssl-perl")
    return _script([program("perl"), str(_SCRIPTS / "net_ftp.pl")], service, mode, file)


def php(service: PrintService, mode: Mode, file: Path) -> Result:
    """C{ftp_put}."""
    return _script([program("php", "php-cli"), str(_SCRIPTS / "ftp.php")], service, mode, file)


def ruby(service: PrintService, mode: Mode, file: Path) -> Result:
    """C{net/ftp}."""
    return _script([program("ruby"), str(_SCRIPTS / "net_ftp.rb")], service, mode, file)


@functools.cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    """A directory with the Java program, compiled once."""
    place = tempfile.TemporaryDirectory()
    compiler = program("javac", "default-jdk-headless")
    jar = debianFile(_COMMONS_NET, "libcommons-net-java")
    source = str(_SCRIPTS / "Put.java")
    words = [compiler, "-J-XX:TieredStopAtLevel=1", "-cp", str(jar), "-d", place.name, source]
    done = subprocess.run(words, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return place


def commonsNet(service: PrintService, mode: Mode, file: Path) -> Result:
    """Apache's library, which most Java programs use."""
    path = f"{_compiled().name}:{_COMMONS_NET}"
    java = program("java", "default-jre-headless")
    return _script([java, *_QUICK_JAVA, "-cp", path, "Put"], service, mode, file)


def aioftp(service: PrintService, mode: Mode, file: Path) -> Result:
    """asyncio's."""
    python = peer("venv/bin/python", "aioftp (PyPI)")
    return _script([str(python), str(_SCRIPTS / "put_aioftp.py")], service, mode, file)


def basicFtp(service: PrintService, mode: Mode, file: Path) -> Result:
    """What most Node programs use."""
    modules = peer("node_modules/basic-ftp", "basic-ftp (npm)").parent
    node = ["env", f"NODE_PATH={modules}", program("node", "nodejs")]
    return _script([*node, str(_SCRIPTS / "put_basic_ftp.cjs")], service, mode, file)


def ftplib(service: PrintService, mode: Mode, file: Path) -> Result:
    """Python's own."""
    return _script([sys.executable, str(_SCRIPTS / "put_ftplib.py")], service, mode, file)
