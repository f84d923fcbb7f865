"""
What an operator copies from C{contrib}: the units start this gateway, and with few rights.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError

from jetdirect.tap import Options
from tests.support.gateway import Gateway, environment
from tests.support.peer import PATIENCE
from tests.support.session import Session, delivered, lastLine
from tests.support.started import borrowed

pytestmark = pytest.mark.slow

CONTRIB = Path(__file__).parents[1] / "contrib/systemd"
FILE = CONTRIB.parent / "gateway.toml"
SERVICE = "jetdirect.service"

EXPOSED = 2.0
"""The most that C{systemd-analyze security} may find, of 10."""

NOBODY = 65534
"""Debian's C{nobody} and C{nogroup}; any number will do that is not root's."""

BIND_SERVICE = 1 << 10
"""C{CAP_NET_BIND_SERVICE} in the masks of C{/proc/PID/status} (capabilities(7))."""

PAGE = b"%!PS\nshowpage\n"


def directives(file: str) -> dict[str, str]:
    """The last value of each directive in a unit."""
    lines = (CONTRIB / file).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]\w+=", line))


def words(file: str) -> list[str]:
    """The command line of a unit, as systemd splits it."""
    started = directives(file)["ExecStart"]
    assert "$" not in started and "%" not in started
    return shlex.split(started)


@pytest.fixture
def units(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The service with the drop-ins that the test names, and a command that exists."""
    folder = tmp_path / "units"
    (folder / f"{SERVICE}.d").mkdir(parents=True)
    command = Path(sys.executable).with_name("jetdirect")
    for name in (SERVICE, "jetdirect.socket", *(f"{SERVICE}.d/{each}" for each in request.param)):
        text = (CONTRIB / Path(name).name).read_text()
        (folder / name).write_text(re.sub(r"(?m)^(Exec\w+=)jetdirect\b", rf"\1{command}", text))
    return folder


DROP_INS = [(), ("devices.conf",), ("tls.conf",), ("activated.conf",)]
DROP_INS += [("devices.conf", "tls.conf"), ("activated.conf", "devices.conf", "tls.conf")]


@pytest.mark.parametrize("units", DROP_INS, indirect=True, ids=lambda each: "+".join(each) or "-")
def test_exposure(units: Path) -> None:
    """The sandbox is a tight one, also with the printers' devices in it."""
    analyze = borrowed("systemd-analyze", "systemd")
    known = dict(os.environ, SYSTEMD_UNIT_PATH=f"{units}:")
    command = [analyze, "security", "--offline=true", "--no-pager", str(units / SERVICE)]
    done = subprocess.run(command, env=known, capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSED, done.stdout


@pytest.mark.parametrize("units", DROP_INS, indirect=True, ids=lambda each: "+".join(each) or "-")
def test_verify(units: Path) -> None:
    """systemd knows every word in the units."""
    known = dict(os.environ, SYSTEMD_UNIT_PATH=f"{units}:", SYSTEMD_LOG_LEVEL="warning")
    files = [str(units / SERVICE), str(units / "jetdirect.socket")]
    done = subprocess.run(
        [borrowed("systemd-analyze", "systemd"), "verify", "--man=no", *files],
        env=known,
        capture_output=True,
        text=True,
    )
    # Of other units of this machine it may complain.
    complaints = [line for line in done.stderr.splitlines() if "jetdirect" in line]
    assert not complaints, complaints
    assert done.returncode == 0, done.stderr


PRINTER = '[[printer]]\nname = "ward3"\nuri = "socket://192.0.2.7"\nspool = true\n'


def test_commandLine(tmp_path: Path) -> None:
    """
    The service's options are options of this gateway, and its file is one, in this version: with a
    printer that somebody wrote into it.
    """
    *command, option = words(SERVICE)
    assert command == ["jetdirect", "serve"] and option == "--config=/etc/jetdirect/gateway.toml"
    file = tmp_path / "gateway.toml"
    file.write_text(FILE.read_text() + PRINTER)
    options = Options(MemoryReactorClock())
    options.parseOptions([f"--config={file}"])
    made = options.configuration
    assert all(":21:" in f"{each}:" for each in made.listeners)
    assert [port.name for port in made.ports] == ["ward3"]
    assert made.spool in directives(SERVICE)["ReadWritePaths"]
    [control] = made.web
    assert f"/run/{directives(SERVICE)['RuntimeDirectory']}/control:" in control
    assert control.rpartition(":")[0] in directives(SERVICE)["ExecReload"]


def test_untouchedFile() -> None:
    """Before somebody wrote a printer into it, the file says what is missing; no service starts."""
    with pytest.raises(UsageError, match="no printer; write a"):
        Options(MemoryReactorClock()).parseOptions([f"--config={FILE}"])


def test_exampleInTheFile(tmp_path: Path) -> None:
    """The block that is commented out in it is a printer without its number signs."""
    text = re.sub(r"(?m)^#(?=\[\[|[a-z]+ = )", "", FILE.read_text())
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    options = Options(MemoryReactorClock())
    options.parseOptions([f"--config={file}"])
    [ward3] = options.configuration.ports
    assert ward3.name == "ward3" and ward3.settings.spool


def test_activatedCommandLine() -> None:
    """Under socket activation the same is started, but for where it listens."""
    *command, port = words("activated.conf")
    assert command == words(SERVICE)
    assert port == "--port=systemd:domain=INET6:index=0"


def test_signs() -> None:
    """systemd is told when the gateway serves, and hears of it while it lives."""
    assert directives(SERVICE)["Type"] == "notify"
    assert float(directives(SERVICE)["WatchdogSec"]) >= 30


def test_userAndDirectory(tmp_path: Path) -> None:
    """sysusers.d makes the service's user, and tmpfiles.d its directories."""
    if os.getuid() != 0:
        pytest.skip("only root gives a directory to another user")
    root = f"--root={tmp_path}"
    (tmp_path / "etc").mkdir()
    subprocess.run(
        [borrowed("systemd-sysusers", "systemd"), root, CONTRIB / "jetdirect.sysusers"], check=True
    )
    name, _, uid, *_ = (tmp_path / "etc/passwd").read_text().splitlines()[0].split(":")
    assert name == directives(SERVICE)["User"] and 0 < int(uid) < 1000
    subprocess.run(
        [borrowed("systemd-tmpfiles", "systemd"), root, "--create", CONTRIB / "jetdirect.tmpfiles"],
        check=True,
    )
    for folder in ("var/lib/jetdirect", "var/spool/jetdirect"):
        made = (tmp_path / folder).stat()
        assert (made.st_uid, made.st_mode & 0o777) == (int(uid), 0o700)


# Running

_ACTIVATION = """
import os, socket, sys
listener = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6, dualstack_ipv6=True)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="jetdirect.socket")
os.execvp(sys.argv[2], sys.argv[2:])
"""

_MORE_WORDS = """
import os, sys
at = sys.argv.index("jetftp")
more = sys.argv[1].split()
os.execvp(sys.argv[2], [*sys.argv[2:at], *more, *sys.argv[at:]])
"""


def prints(gateway: Gateway, host: str = "127.0.0.1") -> None:
    """It prints a page, and says so."""
    with Session(gateway.port, host) as session:
        reply = session.send(PAGE)
    assert re.search(delivered("PORT1", len(PAGE)), lastLine(reply)), reply


def status(gateway: Gateway) -> dict[str, str]:
    """What the kernel says of the process (proc(5))."""
    lines = Path(f"/proc/{gateway.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize(
    ("listens", "host"), [("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1")], ids=["ipv6", "ipv4"]
)
def test_activation(tmp_path: Path, listens: str, host: str) -> None:
    """The socket that systemd passes is served, for senders of both families."""
    [port] = [word for word in words("activated.conf") if word.startswith("--port=")]
    option, _, value = port.partition("=")
    before = [sys.executable, "-c", _ACTIVATION, listens]
    jobs = f"--printer=file:{tmp_path}/jobs"
    with Gateway(tmp_path, option, value, jobs, before=before) as gateway:
        prints(gateway, host)
    assert [file.read_bytes() for file in (tmp_path / "jobs").iterdir()] == [PAGE]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of somebody who is not root, and who can run this Python."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    other = [borrowed("setpriv", "util-linux"), f"--reuid={NOBODY}", f"--regid={NOBODY}"]
    probe = [*other, "--clear-groups", sys.executable, "-c", "import jetdirect.tap"]
    if subprocess.run(probe, env=environment(), cwd="/", capture_output=True).returncode != 0:
        pytest.skip("this Python, or its packages, can be read by root only")
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, NOBODY, NOBODY)
        yield Path(made)


@pytest.fixture
def lowPort() -> int:
    """A free port that only root may listen on."""
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    for port in range(first - 1, 600, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.skip("every low port is free for all here, or taken")


def options(place: Path, port: int) -> list[str]:
    """Of a gateway with that port and a file printer."""
    return ["--port", f"tcp:{port}:interface=127.0.0.1", "--printer", f"file:{place}/jobs"]


def test_startedAsRoot(place: Path, lowPort: int) -> None:
    """twistd --uid listens below 1024, and is nobody with no rights when a sender comes."""
    (place / "run").mkdir()
    os.chown(place / "run", NOBODY, NOBODY)
    file = place / "run" / "jetftp.pid"
    more = f"--uid={NOBODY} --gid={NOBODY} --pidfile={file}"
    before = [sys.executable, "-c", _MORE_WORDS, more]
    with Gateway(place, *options(place, lowPort), before=before) as gateway:
        prints(gateway)
        facts = status(gateway)
        assert file.read_text() == str(gateway.pid)
    assert {*facts["Uid"].split(), *facts["Gid"].split()} == {str(NOBODY)}
    assert "0" not in facts["Groups"].split()
    assert [int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapAmb")] == [0, 0, 0]
    [job] = (place / "jobs").iterdir()
    assert (job.stat().st_uid, job.stat().st_mode & 0o777) == (NOBODY, 0o600)
    assert not file.exists()


def unprivileged(*rights: str) -> list[str]:
    """What systemd does before it starts the service: another user, and these capabilities."""
    sets = ["--inh-caps", "--ambient-caps", "--bounding-set"]
    wanted = ",".join(["-all", *(f"+{right}" for right in rights)])
    caps = [word for each in sets for word in (each, wanted)]
    return [
        borrowed("setpriv", "util-linux"),
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--no-new-privs",
        *caps,
    ]


def test_capability(place: Path, lowPort: int) -> None:
    """The service's one capability is enough to listen below 1024, and all that it has."""
    assert directives(SERVICE)["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert directives(SERVICE)["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    before = unprivileged("net_bind_service")
    with Gateway(place, *options(place, lowPort), before=before) as gateway:
        prints(gateway)
        facts = status(gateway)
    assert {*facts["Uid"].split()} == {str(NOBODY)} and facts["NoNewPrivs"] == "1"
    held = {int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh")}
    assert held == {BIND_SERVICE}


def test_withoutCapability(place: Path, lowPort: int) -> None:
    """Without it the start fails, and says what to do."""
    with pytest.raises(AssertionError, match=r"--port=\d+: Permission denied"):
        Gateway(place, *options(place, lowPort), before=unprivileged())


_NO_NEW_CODE = """
import ctypes, os, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) and sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_noNewCode(tmp_path: Path) -> None:
    """The gateway prints without memory that is both written and executed; TLS needs some."""
    assert directives(SERVICE)["MemoryDenyWriteExecute"] == "yes"
    assert directives("tls.conf")["MemoryDenyWriteExecute"] == "no"
    before = [sys.executable, "-c", _NO_NEW_CODE]
    if subprocess.run([*before, "true"]).returncode == 77:
        pytest.skip("the kernel is older than 6.3 and cannot deny it")
    with Gateway(tmp_path, "--printer", f"file:{tmp_path}/jobs", before=before) as gateway:
        prints(gateway)


def calls(name: str, sets: str) -> set[str]:
    """The system calls in one of systemd's sets, those of the sets in it included."""
    found = re.search(rf"^{name}\n((?: +.*\n)+)", sets, re.MULTILINE)
    assert found is not None, name
    members = re.findall(r"^ +([@\w-]+)$", found[1], re.MULTILINE)
    return {
        call
        for member in members
        for call in (calls(member, sets) if member.startswith("@") else {member})
    }


def test_systemCalls(tmp_path: Path) -> None:
    """The gateway starts, prints and ends with the system calls that the service allows it."""
    asked = [borrowed("systemd-analyze", "systemd"), "syscall-filter"]
    sets = subprocess.run(asked, capture_output=True, text=True, check=True).stdout + "\n"
    allowed: set[str] = set()
    for line in (CONTRIB / SERVICE).read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "SystemCallFilter":
            named = set().union(*(calls(each, sets) for each in value.lstrip("~").split()))
            allowed = allowed - named if value.startswith("~") else allowed | named
    trace = tmp_path / "trace"
    # -D: the gateway itself is the process that is started here, and strace its child.
    before = [borrowed("strace", "strace"), "-D", "-f", "-q", "-o", str(trace)]
    if subprocess.run([*before, "true"], capture_output=True).returncode != 0:
        pytest.skip("no process may be traced here")
    with Gateway(tmp_path, "--printer", f"file:{tmp_path}/jobs", before=before) as gateway:
        prints(gateway)
        tracer = Path("/proc") / status(gateway)["TracerPid"]
    end = time.monotonic() + PATIENCE
    while tracer.exists():
        assert time.monotonic() < end, "strace has not written to the end"
        time.sleep(0.05)
    used = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    assert {"accept4", "fsync", "epoll_wait"} <= used
    assert not used - allowed
