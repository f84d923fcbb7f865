"""
What the documents have to be typed works: each command, and each block, is known here by how that
is proven.

What is new fails until it has a row: run it beside a gateway if that can be (L{Run}).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect import cli
from jetdirect.commandline import FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from jetdirect.tap import Options
from jetdirect.transports.build import schemes, transportFor
from jetdirect.watch.webhook import signature
from tests.support.certificate import selfSigned
from tests.support.debian import PACKAGES, program
from tests.support.documents import PAGES, ROOT, Passage, blocks, commands, quoted
from tests.support.gateway import Gateway, environment
from tests.support.peer import PATIENCE


@dataclass(frozen=True)
class By:
    """
    Something else types it, or does what it does.

    @ivar file: a test or a script, from the root.
    @ivar word: what stands in it; a regular expression.
    """

    file: str
    word: str


@dataclass(frozen=True)
class NotHere:
    """
    It needs what no test has.

    @ivar reason: what.
    """

    reason: str


@dataclass(frozen=True)
class Run:
    """
    It is run as it stands there, beside a gateway: L{test_run}.

    @ivar before: what a shell does first; a job that it makes is C{$N}, for the number there.
    @ivar papers: how many jobs PORT1 and PORT2 print of it.
    @ivar says: what it prints, among other things.
    """

    before: str = ""
    papers: int = 0
    says: str = ""


# Reading is enough for a command that names printers that are not here.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files that commands and configurations name."""
    folder = tmp_path_factory.mktemp("typed")
    certificate = selfSigned(folder).read_text()
    for name in ("zebra.pem", "printers.pem", "our-ca.pem"):
        (folder / name).write_text(certificate)
    for name in ("operators", "webhook-secret", "mail-password"):
        (folder / name).write_text("anna:secret\n")
    (folder / "jobs.prn").touch(mode=0o600)
    os.mkfifo(folder / "labels.fifo", mode=0o600)
    for each in folder.iterdir():
        each.chmod(0o600)
    return folder


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It, and we are there; with a configuration."""
    monkeypatch.chdir(folder)
    (folder / "gateway.toml").write_text('[[printer]]\nname = "ward3"\nuri = "laser"\n')
    return folder


def _words(text: str) -> list[str]:
    words = shlex.split(text, comments=True)
    return [word.removesuffix("=...") for word in words if word != "..."]


def gateway(text: str) -> None:
    """A gateway can be started so: its options are options, and its printers can be made."""
    text = re.sub(r"^.*?\b(jetftp|serve)\b", "", text)
    text = re.sub(r"--(web|spool|printer)[= ]\.\.\.", "", text)
    text = re.sub(r"/etc/(\w+\.pem)", r"\1", text)
    text = re.sub(r"(--config[= ])\S+", r"\1gateway.toml", text)
    text = re.sub(r"postgresql://\S+", "spool", text)
    text = re.sub(r"file:///(srv|run)(?=/(jobs\.prn|labels))", f"file:{Path.cwd()}", text)
    read = Options(MemoryReactorClock())
    if "--help" not in text:
        read.parseOptions(_words(text))


def verb(text: str) -> None:
    """The command takes these words."""
    text = re.sub(r"[<>&].*", "", text.partition("jetdirect ")[2])
    said = cli.parser().parse_args(_words(text))
    assert said.verb is not None or said.version


def module(text: str) -> None:
    """The module is there, and has these options."""
    name, *words = _words(re.sub(r"^.*?-m |>.*", "", text))
    found = importlib.util.find_spec(name)
    assert found is not None and found.origin is not None
    folder = Path(found.origin).parent
    source = "\n".join(each.read_text() for each in folder.rglob("*.py"))
    for word in words:
        assert not word.startswith("--") or f'"{word.partition("=")[0]}"' in source, word


def extras(text: str) -> None:
    """The package has what is asked of it in brackets."""
    known = metadata("jetdirect").get_all("Provides-Extra") or []
    [asked] = re.findall(r"\[([\w,]+)\]", text)
    assert set(asked.split(",")) <= set(known)


# How each command is proven; the first row that fits counts.

INSIDE = "contrib/debian/inside"
JOB = "N=$(job ward3)\n"
ENDED = "N=$(job lab)\nuntil jetdirect show $N | grep -q completed; do sleep 0.1; done\n"
GIVE, TAKE = "give 192.0.2.7 51200 page.zpl\n", "take 9100 data\n"

COMMANDS: Sequence[tuple[str, Callable[[str], None] | By | NotHere | Run]] = (
    # The command
    (r"jetdirect (show|cancel|hold|next|move) (31|N|--all)\b.*", Run(JOB)),
    (r"jetdirect release 31", Run(JOB + "jetdirect hold $N\n")),
    (r"jetdirect (reprint|erase) 31", Run(ENDED)),
    (r"jetdirect watch", By("tests/test_remote_watch.py", "def test_")),
    (r"jetdirect <TAB>", By("tests/test_manual.py", "def test_bash")),
    (r"jetdirect (ports|jobs|history|erase|pause|resume|test|reload)\b.*", Run()),
    (r"jetdirect (check|spool|serve)", NotHere("the name of a verb")),
    (r"(sudo )?jetdirect (check|spool|notify|import-cups|--version)\b.*", verb),
    # A gateway
    (r"jetdirect serve .*&", By("tests/test_quickstart.py", "serve|commands")),
    (r"jetdirect serve\b.*", gateway),
    (r"python -m (jetdirect|twisted jetftp)", By("tests/test_process.py", '"-m"')),
    (
        r"twist jetftp|twistd( -n)?( jetftp)?|twistd -n --pidfile= jetftp",
        By("tests/test_process.py", '"twistd?"'),
    ),
    (r"twist --log-format=json jetftp \.\.\.", By("tests/test_logfile.py", '"twist"')),
    (r"twistd --uid(=\S+ --gid=\S+ \.\.\.)?", By("tests/test_contrib.py", "--uid=")),
    (r"twistd --(pidfile=|logfile)\S*( \.\.\.)?", By("tests/test_logfile.py", "--(pid|log)file=")),
    (r"twistd( --?\w\S*)* jetftp .*", gateway),
    # Senders
    (r"curl -T page\.ps ftp://localhost:2121/", Run(papers=1)),
    (r"curl -sT label\.zpl ftp://gateway/labels/.*", Run("for i in 1 2 3; do job labels; done\n")),
    (r"curl -sT cheque\.pcl ftp://gateway/cheques/.*", Run()),
    (r"curl .*--upload-file (page\.pcl|-|&F) ftp://printgw\.example/PORT1/.*", Run(papers=1)),
    (r"curl .* http://(localhost|127\.0\.0\.1:8631)/api/.*", Run(JOB)),
    (r"curl http://127\.0\.0\.1:8631/metrics", Run()),
    (r"curl --retry(-all-errors)?", By("tests/peers/test_retries.py", "--retry")),
    (r"shift 5", Run("set -- 1 2 3 4 5 page.pcl\n")),
    (r"for file; do\n(.|\n)*curl (.|\n)*done", Run("set -- page.pcl page.ps\n", papers=2)),
    (r"lftp -c .*", Run(papers=1)),
    (r"ftp -n -v printgw\.example <<'END'\n(.|\n)*", Run(papers=1, says="226 Transfer complete")),
    (r"busybox ftpput .*", Run(papers=1)),
    (r"printf 'USER .* \| nc -N printgw\.example 21", Run(GIVE, papers=1)),
    (r"nc -N", By("tests/peers/test_quit.py", "QUIT")),
    (r"nc printer 9100 < data", Run(TAKE)),
    (r"rclone sync", NotHere("it is named as what not to use")),
    (r"ftp -n -s:print\.txt .*", NotHere("Windows")),
    # Beside it
    (r"sqlite3 history\.sqlite", Run("cd spool\n")),
    (r"jq -r .*", Run("json > jetdirect.log\n")),
    (r"grep '#warn\.\*job '", Run("logged | ")),
    (r"grep 'printed part'", By("tests/test_watch_log.py", "printed no")),
    (r"flock jobs\.prn .*", Run("touch jobs.prn\n")),
    (r"tail -f", By("tests/test_file.py", "append")),
    (r"openssl s_client .*", Run()),
    (r"lpadmin -p .*", By("tests/support/cups.py", "lpadmin")),
    (r"lpadmin -i|cupsctl .*|lpstat -v", NotHere("cupsd with its own files; cups.rst says so")),
    (r"ssh -L .*", NotHere("a server of SSH")),
    (r"setcap .*", NotHere("it changes the interpreter's own file")),
    (r"kill -9", By("tests/peers/test_keepalived.py", "KILL")),
    (r"pcs resource .*|systemctl disable jetdirect", NotHere("Pacemaker; fleet.rst says so")),
    # Installing
    (
        r"python3 -m venv \.venv && .*(jetftp|pytest -n 4)",
        By(".ci/run", "readme_line (pytest|twi)"),
    ),
    (r"python3 -m venv \.venv && .*pytest -m fast.*", By(".ci/run", r"\[dev\]")),
    (r"(python3 -m venv|\.venv/bin/pip|\.) \.venv.*", By(".ci/run", "readme_line")),
    (r"\.venv/bin/pip install \.", By(".ci/run", "readme_line")),
    (r"pip install jetdirect", NotHere("evidence: what cannot work before a release")),
    (r"pip install (-e )?['\"](jetdirect|\.)\[\w+\]['\"]", extras),
    (r"python3 -m build --wheel", By(".ci/run", "-m build")),
    (r"pipx install .*", NotHere("pipx; contrib/README.rst says with which version it was tried")),
    (r"podman build .*", By("contrib/container/try", "buildah .* build")),
    (r"podman (run|exec) .*", NotHere("Podman; container.rst says so")),
    (
        r"(python3 -m venv|/opt/jetdirect/bin/pip install|ln -s|install -m) .*",
        By(INSIDE, "sources"),
    ),
    (r"systemd-sysusers && .*", By(INSIDE, "sources")),
    (r"apt install \./jetdirect_\*\.deb", By(INSIDE, r"apt install \./jetdirect_\*\.deb")),
    (r"apt install python3-openssl .*", By(INSIDE, "install python3-openssl")),
    (r"apt (remove|purge)", By(INSIDE, "apt (remove|purge)")),
    (r"apt-get (install|download).*", By("laboratory/guest", "apt-get")),
    (r"editor /etc/jetdirect/gateway\.toml", By(INSIDE, ">>/etc/jetdirect/gateway.toml")),
    (r"systemctl (start|status|reload)( jetdirect)?", By(INSIDE, "systemctl start jetdirect")),
    (r"systemctl enable --now jetdirect", By(INSIDE, "systemctl enable --now jetdirect")),
    (r"systemd-analyze security", By(INSIDE, "systemd-analyze security")),
    (r"systemctl (status|reload) jetdirect", By(INSIDE, "systemctl .*(status|reload) jetdirect")),
    (r"journalctl -u jetdirect", By(INSIDE, "journalctl -u jetdirect")),
    (r"adduser anna jetdirect", By(INSIDE, "adduser (--quiet )?anna jetdirect")),
    (r"man (jetdirect|gateway\.toml)", By(INSIDE, r"man jetdirect|man -w")),
    # For who changes it
    (r"(nice )?python -m (laboratory|benchmarks)\b.*", module),
    (r"python -m docs\.manual DIRECTORY", By("tests/test_manual.py", r"manual\.main")),
    (r"pytest .*", By(".ci/run", "pytest")),
    (r"ruff (format|check)", By(".ci/run", "ruff")),
    (r"(strace|py-spy|nmap) .*", NotHere("figures of one day")),
    # Of the quick start, all of it in one shell
    (
        r"(printf|curl --silent|export|cmp|kill %1|cat >) ?.*(.|\n)*",
        By("tests/test_quickstart.py", "commands"),
    ),
)

PROGRAMS = """
adduser apt apt-get cupsctl curl ftp grep jetdirect journalctl jq kill lftp lpadmin lpstat
man nc nice nmap openssl pip pipx podman py-spy pytest python python3 rclone ruff setcap
sqlite3 ssh strace systemctl systemd-analyze tail twist twistd
"""
"""What begins a command that a page quotes in a sentence."""

# Blocks that are nothing for a shell.

BLOCKS: Sequence[tuple[str, By | NotHere]] = (
    (r"ftp> ", By("tests/test_documented.py", "def test_session")),
    (r"220 JD FTP Server Ready", By("tests/test_functional.py", "test_")),
    (r"150 Opening|<UEL>@PJL", By("tests/test_docs.py", "def test_")),
    (r"job 3\d on|PORT1 \(Ward 3\)|ward3 prints to|jetftp: ", By("tests/test_watch_log.py", "job")),
    (r'\{"time"', By("tests/test_jsonlines.py", "namespace")),
    (r'\{"id"', By("tests/test_watch_webhook.py", "reminder")),
    (r"GET  /api/ports", By("tests/test_web_api.py", "/api/")),
    (r"control line ──|waiting  |printing  ", By("tests/test_docs.py", "def test_states")),
    (r"ports/NAME/", By("tests/test_spool_store.py", "queue")),
    (r"/var/log/jetdirect\.log \{", By("tests/test_logfile.py", "logrotate")),
    (r"connection: &labels", By("tests/support/ser2net.py", "connector")),
    (r"rule_files:|scrape_configs:|scheme: https|sum by", NotHere("Prometheus")),
    (r"FTP RMTSYS|CPYSPLF|OVRDBF", NotHere("an AS/400; as400.rst says so")),
    (r"//PRINT ", NotHere("z/OS; zos.rst says so")),
    (r"CALL FUNCTION", NotHere("SAP; sap.rst says so")),
    (r"user any any\nbinary\nput c:|var request", NotHere("Windows; windows.rst says so")),
    (r"2026-11-22, commit", NotHere("figures of one day")),
)


def kind(block: Passage) -> str:
    """What is to be typed where: C{shell}, C{toml}, C{python}; empty: it is only to be read."""
    if any(re.match(beginning, block.text) for beginning, _ in BLOCKS):
        return ""
    if re.match(r"(import|from) ", block.text):
        return "python"
    return "toml" if re.match(r"(# .*\n)?(\[|[\w-]+ = )", block.text) else "shell"


def ofKind(wanted: str) -> list[Passage]:
    """The blocks of a kind on all pages."""
    return [block for page in PAGES for block in blocks(page) if kind(block) == wanted]


def typed() -> Iterator[Passage]:
    """All that is to be typed into a shell, in blocks and in sentences."""
    for block in ofKind("shell"):
        yield from commands(block)
    for page in PAGES:
        for each in quoted(page):
            if " " in each.text and each.text.split(" ")[0] in PROGRAMS.split():
                yield each


def proof(text: str) -> Callable[[str], None] | By | NotHere | Run | None:
    """How a command is proven; L{None}: nobody knows."""
    found = (how for pattern, how in COMMANDS if re.fullmatch(pattern, text))
    return next(found, None)


def named(passage: Passage) -> str:
    """What a test of a passage is called."""
    return f"{passage.page}:{passage.line}"


def once(passages: Iterator[Passage]) -> list[Passage]:
    """Each text where it stands first."""
    return list({passage.text: passage for passage in reversed([*passages])}.values())


TYPED = once(typed())


@pytest.mark.parametrize("command", TYPED, ids=named)
def test_command(command: Passage, place: Path) -> None:
    """It is known how a command is proven; what has to be read only is read here."""
    how = proof(command.text)
    assert how is not None, (
        f"{command}\nwrite into COMMANDS how this is proven; run it if it can be"
    )
    if isinstance(how, By):
        assertStandsIn(how)
    elif callable(how):
        how(command.text)


@pytest.mark.parametrize("how", [how for _, how in BLOCKS if isinstance(how, By)], ids=str)
def test_block(how: By) -> None:
    """What proves a block that is only to be read is there."""
    assertStandsIn(how)


def assertStandsIn(how: By) -> None:
    """The file has the word."""
    files = [ROOT / how.file]
    if files[0].is_dir():
        files = [*files[0].rglob("*.py")]
    assert any(re.search(how.word, file.read_text()) for file in files), how


def test_rows() -> None:
    """No row is left of a command or a block that no page has any more."""
    texts = [passage.text for passage in TYPED]
    unused = [
        pattern for pattern, _ in COMMANDS if not any(re.fullmatch(pattern, t) for t in texts)
    ]
    assert unused == []
    seen = [block.text for page in PAGES for block in blocks(page)]
    assert [b for b, _ in BLOCKS if not any(re.match(b, text) for text in seen)] == []


# Configuration files, programs, options and addresses.


def _documents(text: str) -> Iterator[str]:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a key with more than one value to choose from
        yield from text.splitlines()
    else:
        yield text


def configured(text: str) -> None:
    """Read what a configuration file would say, with what it leaves out."""
    said = tomllib.loads(text)
    keys = set(said)
    ports, alarms = ({each.name for each in table} for table in (PORT_OPTIONS, NOTIFY_OPTIONS))
    gateways = {each.name for each in (*FILE_OPTIONS, *OPTIONS)}
    if keys <= alarms:
        text = f'[notify]\nmail-to = "anna@example.com"\n{text}'
    if isinstance(said.get("spool"), bool) or keys <= ports - gateways:
        text = f'[[printer]]\nname = "ward3"\nuri = "laser"\n{text}'
    if "printer" not in tomllib.loads(text):
        text += '\n[[printer]]\nname = "ward3"\nuri = "laser"\n'
    if not isinstance(tomllib.loads(text).get("spool"), str):
        text = f'spool = "spool"\n{text}'
    if "web-behind-proxy" in keys:
        text = f'web = ["8631"]\n{text}'
    if "default-port" in keys and said["default-port"] not in re.findall(r'name = "(.+)"', text):
        text = text.replace('name = "ward3"', f'name = "{said["default-port"]}"')
    Path("gateway.toml").write_text(text)
    Options(MemoryReactorClock()).parseOptions(["--config=gateway.toml"])


KEYS = [
    each
    for page in PAGES
    for each in quoted(page)
    if re.fullmatch(r"[a-z-]+ = \S.*", each.text)
    and "fsync" not in each.text
    and "synchronous_commit" not in each.text  # of PostgreSQL
]


@pytest.mark.parametrize("block", [*ofKind("toml"), *once(iter(KEYS))], ids=named)
def test_file(block: Passage, place: Path) -> None:
    """A configuration file, or a line of one, can be used."""
    for text in _documents(block.text):
        configured(text)


@pytest.mark.parametrize("block", ofKind("python"), ids=named)
def test_python(block: Passage) -> None:
    """A piece of a program does what it is there for."""
    secret, body = b"word", b"{}"
    names: dict[str, Any] = {"reactor": MemoryReactorClock(), "secret": secret, "body": body}
    lines = "\n".join(f"    {line}" for line in block.text.splitlines())
    exec(f"def shown(headers):\n{lines}\n    return 200", names)
    if "headers" in block.text:
        assert names["shown"]({"X-Jetdirect-Signature": signature(secret, body)}) == 200
        assert names["shown"]({"X-Jetdirect-Signature": signature(b"another", body)}) == 403
    else:
        assert names["shown"]({}) == 200


STRANGERS = """
--device --disable-tls --format --ftp-shut-timeout --max-time --network --publish --retry
--show-error --stop-timeout --timeout --tries --volume --uid --gid --pidfile --logfile
--logger --rundir --chroot
"""
"""Options of other programs: of clients, of containers, of C{twistd} itself."""


def test_options() -> None:
    """An option that a page names is one."""
    known = {f"--{option.name}" for option in OPTIONS} | {"--help", "--version", *STRANGERS.split()}
    for _, verbs in _verbs():
        known |= {name for action in verbs._actions for name in action.option_strings}
    pages = [page for page in PAGES if "evidence" not in page.parts and page.parent.name != "tests"]
    wrong = [
        str(each)
        for page in pages
        for each in quoted(page)
        if (found := re.match(r"--[a-z-]+", each.text)) and found[0] not in known
    ]
    assert wrong == []


def _verbs() -> Iterator[tuple[str, Any]]:
    from docs.completion import verbs

    yield "", cli.parser()
    yield from verbs(cli.parser())


def test_addresses() -> None:
    """A device URI that a page names can be used, where the page does not say that it cannot."""
    known = "|".join(re.escape(name) for name in schemes())
    for page in PAGES:
        for each in quoted(page) if page.name not in ("NEWS.rst", "index.rst") else ():
            if re.match(rf"({known}):\S*/[\w\[]\S*$", each.text):
                transportFor(MemoryReactorClock(), each.text.removesuffix("/..."))


# Beside a gateway, in a network and with names of their own.

CONFIGURATION = """\
default-port = "archive"
web = ["unix:/run/jetdirect/control", "8631"]
spool = "spool"
history = "history.sqlite"
connect-timeout = 1
tls-certificate = "gateway.pem"

[[printer]]
name = "archive"
number = 1
uri = "file:paper"

[[printer]]
name = "second"
number = 2
uri = "file:paper2"

[[printer]]
name = "ward3"
uri = "file:ward3"
spool = true

[[printer]]
name = "lab"
uri = "file:lab"
spool = true
keep = "20"

[[printer]]
name = "labels"
uri = "socket://zebra.example"
spool = true

[[printer]]
name = "cheques"
uri = "socket://laser.example"
"""

HOSTS = """\
127.0.0.1 localhost zebra.example laser.example printer
192.0.2.7 printgw.example gateway
"""

_APART = """
set -e
ip link set lo up
ip addr add 192.0.2.7/32 dev lo
mount --bind hosts /etc/hosts
mount -t tmpfs tmpfs /run
mkdir /run/jetdirect
exec "$@"
"""

_GIVE = """
import os, socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
if os.fork() == 0:
    for each in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), each)
    listener.settimeout(20)
    wire, _ = listener.accept()
    with open(sys.argv[3], "rb") as file:
        wire.sendall(file.read())
    wire.close()
"""

_PRELUDE = """
set -eu
job() {
    jetdirect pause ward3 >/dev/null
    curl --silent --verbose --upload-file page.pcl "ftp://localhost/$1/" 2>&1 |
        sed -n 's/^< 226 .*job \\([0-9]*\\),.*/\\1/p'
}
give() { python3 give.py "$@"; }
take() { : >empty; python3 give.py 127.0.0.1 "$1" empty; }
json() { echo '{"printed": "part", "time": "", "port": "ward3", "job": 31, "reason": ""}'; }
logged() { curl --silent --upload-file page.pcl ftp://localhost/cheques/ >&2 || cat log; }
"""


class Running:
    """A gateway with printers that are here, at the addresses that the documents name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("page.pcl", "page.ps", "page.zpl", "label.zpl", "cheque.pcl", "data"):
            (folder / name).write_bytes(b"\033E%b\r\n\f\033E" % name.encode())
        (folder / "gateway.toml").write_text(CONFIGURATION)
        (folder / "hosts").write_text(HOSTS)
        (folder / "give.py").write_text(_GIVE)
        selfSigned(folder, "printgw.example").rename(folder / "gateway.pem")
        (folder / "bin").mkdir()
        command = folder / "bin/jetdirect"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jetdirect "$@"\n')
        command.chmod(0o755)
        ports = [
            word for port in ("21", "2121", "tls:9143", "tls:631") for word in ("--port", port)
        ]
        apart = [program("unshare"), "--net", "--mount", "bash", "-c", _APART, "bash"]
        if os.geteuid():
            pytest.skip("a network and a file of hosts of their own need root")
        self.gateway = Gateway(folder, "--config=gateway.toml", *ports, before=apart)

    @property
    def papers(self) -> int:
        """How many jobs PORT1 and PORT2 have printed."""
        return len([*self.folder.glob("paper*/*.prn")])

    def do(self, script: str) -> subprocess.CompletedProcess[str]:
        """Let a shell do it."""
        (self.folder / "log").write_text(self.gateway.log)
        known = {**environment(), "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        enter = [program("nsenter"), f"--target={self.gateway.pid}", "--net", "--mount"]
        return subprocess.run(
            [*enter, f"--wd={self.folder}", "bash", "-c", _PRELUDE + script],
            env=known,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * PATIENCE,
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It, for all commands."""
    running = Running(tmp_path_factory.mktemp("running"))
    yield running
    running.gateway.stop()


def masked(text: str) -> str:
    """A text without its figures."""
    return re.sub(r"\d+", "N", text).strip()


@pytest.mark.long
@pytest.mark.parametrize("command", [c for c in TYPED if isinstance(proof(c.text), Run)], ids=named)
def test_run(command: Passage, running: Running) -> None:
    """It does what it is there for, as it stands there; and prints what the page shows."""
    how = proof(command.text)
    assert isinstance(how, Run)
    for name in re.findall(r"(?:^|\| )([\w-]+)", command.text):
        if name in PACKAGES:
            program(name)  # or skip
    text = re.sub(r"(?<=[ /])(31|N)\b", "$N", command.text).replace("&F", "page.pcl")
    text = re.sub(r"(?<= )PORT$", "ward3", text)
    text += " <page.pcl" if " - " in text else ""
    seen = running.papers
    done = running.do(f"{how.before}{text}")
    if "pause --all" in text:
        running.do("jetdirect resume --all")
    assert done.returncode == 0 and '{"error"' not in done.stdout, done.stdout
    assert how.says in done.stdout and masked(command.answer) in masked(done.stdout)
    assert running.papers - seen == how.papers, done.stdout


@pytest.mark.long
def test_session(running: Running) -> None:
    """The session that README shows, word by word: two jobs on PORT1, one on PORT2."""
    [shown] = (b for page in PAGES for b in blocks(page) if b.text.startswith("ftp> "))
    words = re.findall(r"^ftp> (.*?)(?:  .*)?$", shown.text, re.MULTILINE)
    lines = "\n".join(["user any any", *words, "quit"])
    program("ftp")
    done = running.do(f"ftp -n -v printgw.example <<'END'\n{lines}\nEND")
    assert done.returncode == 0 and len(re.findall("^226 Trans", done.stdout, re.MULTILINE)) == 3
