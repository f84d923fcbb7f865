"""
The configuration file: what it may say, and what is told of it when it says something wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

from jetdirect.changes import changes
from jetdirect.checking import check
from jetdirect.commandline import (
    FILE_OPTIONS,
    IDENTIFYING,
    NOTIFY_OPTIONS,
    OPTIONS,
    PORT_OPTIONS,
    SPOOL,
)
from jetdirect.configfile import LARGEST_FILE
from jetdirect.configuration import Configuration
from jetdirect.help import FILE
from jetdirect.named import PortSettings
from jetdirect.overview import overview
from jetdirect.tap import Options
from jetdirect.watch import trust
from jetdirect.watch.retention import Names, Retention
from jetdirect.watch.settings import MailServer, NotifySettings, Webhook
from jetdirect.words import Wrong

ONE = '[[printer]]\nname = "ward3"\nuri = "socket://laser3"\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test makes its print jobs in the checkout."""
    monkeypatch.chdir(tmp_path)


def _written(text: str, files: Mapping[str, str]) -> None:
    Path("gateway.toml").write_text(text)
    for name, content in files.items():
        Path(name.replace("_", ".")).write_text(content)


def options(text: str, *words: str, **files: str) -> Options:
    """The command line for a file of this text, beside other files."""
    _written(text, files)
    found = Options(MemoryReactorClock())
    found.parseOptions(["--config=gateway.toml", *words])
    return found


def read(text: str, *words: str, **files: str) -> Configuration:
    """The configuration that a file of this text makes."""
    return options(text, *words, **files).configuration


def wrong(text: str, *words: str, **files: str) -> list[str]:
    """All that is told of a file of this text, without the folder."""
    _written(text, files)
    found = Options(MemoryReactorClock())
    known = {option.name: option for option in OPTIONS}
    for word in ("--config=gateway.toml", *words):
        name, _, value = word.removeprefix("--").partition("=")
        found.take(known[name], value)
    with pytest.raises(Wrong) as error:
        found.configure()
    assert all("\n" not in each for each in error.value.sentences)
    return [each.replace(f"{Path.cwd()}/", "") for each in error.value.sentences]


def test_everything() -> None:
    """Each kind of value arrives where the same option of the command line brings it."""
    found = read(
        """
        port = ["2121", "tcp:2122:interface=127.0.0.1"]
        greeting = "Hello"
        idle-timeout = "5m"
        data-idle-timeout = 2.5
        max-job-bytes = "10M"
        max-sessions = 40
        passive-ports = "40000-40009"
        allow = ["10.1.2.3/8", "fd00::/8"]
        fire-and-forget = true
        active-nat = false
        default-port = "LABELS"
        auth = "memory:ann:x"
        [defaults]
        busy-timeout = "2m"
        allow = "10.2.0.0/16"
        [[printer]]
        name = "ward3"
        number = 3
        aliases = ["lp", "prt1"]
        uri = "laser3"
        max-sessions = 7
        pjl-policy = "refuse"
        description = "Ward 3"
        location = "Station"
        gap = 3
        [[printer]]
        name = "labels"
        uri = "lpd://server/labels"
        busy-timeout = 0
        allow = ["10.3.0.0/16", "10.4.0.0/16"]
        """
    )
    assert found.listeners[-1] == "tcp:2122:interface=127.0.0.1" and len(found.listeners) > 1
    sessions = found.sessions
    assert (sessions.greeting, sessions.idleTimeout, sessions.dataIdle) == ("Hello", 300, 2.5)
    assert (sessions.maxSessions, sessions.fireAndForget, sessions.activeNAT) == (40, True, False)
    assert list(sessions.passivePorts) == list(range(40000, 40010))
    assert [str(each) for each in sessions.allow] == ["10.0.0.0/8", "fd00::/8"]
    assert len(found.checkers) == 1 and found.default == "LABELS"
    ward, labels = found.ports
    assert (ward.name, ward.number, ward.aliases) == ("ward3", 3, ("lp", "prt1"))
    assert ward.transport.uri == "socket://laser3:9100"
    assert (ward.settings.share, ward.settings.pjlPolicy, ward.settings.gap) == (7, "refuse", 3)
    assert (ward.settings.description, ward.settings.location) == ("Ward 3", "Station")
    assert (ward.settings.busyTimeout, labels.settings.busyTimeout) == (120, 0)
    assert {each.settings.maxJobBytes for each in found.ports} == {10 * 2**20}
    assert [str(each) for each in ward.settings.allow] == ["10.2.0.0/16"]
    assert [str(each) for each in labels.settings.allow] == ["10.3.0.0/16", "10.4.0.0/16"]
    assert (labels.number, labels.settings.share) == (None, 20)


def test_example() -> None:
    """The example of the manual can be used as it is."""
    text = FILE.partition("::\n\n")[2].partition("\nA key is")[0]
    found = read("\n".join(line[4:] for line in text.splitlines()))
    assert [port.name for port in found.ports] == ["ward3", "labels"]


def test_commandLineWins() -> None:
    """What the command line says wins over the file; a printer's own word wins over both."""
    text = 'greeting = "File"\nidle-timeout = 5\n[defaults]\nbusy-timeout = 5\n' + ONE
    text += 'connect-timeout = 7\n[[printer]]\nname = "lab"\nnumber = 1\nuri = "lab"\n'
    words = ("--greeting=Typed", "--busy-timeout=6", "--connect-timeout=8")
    found = read(text, *words)
    assert (found.sessions.greeting, found.sessions.idleTimeout) == ("Typed", 5)
    ward, lab = found.ports
    assert (ward.settings.busyTimeout, ward.settings.connectTimeout) == (6, 7)
    assert (lab.settings.busyTimeout, lab.settings.connectTimeout) == (6, 8)


def test_printersOfTheCommandLine() -> None:
    """Printers may stand on the command line, and the rest in the file; but not in both."""
    found = read('greeting = "File"\n', "--printer=a", "--printer=b")
    assert [port.name for port in found.ports] == ["PORT1", "PORT2"]
    told = wrong(ONE, "--printer=socket://user:secret@a")
    assert told[0].startswith("--printer=...@a: gateway.toml names printers, too")


def test_include() -> None:
    """Included files hold printers, in the order of their names; their paths are their own."""
    Path("ports.d").mkdir()
    Path("ports.d/b.toml").write_text('[[printer]]\nname = "b"\nuri = "file:jobs"\n')
    Path("ports.d/a.toml").write_text(
        '[[printer]]\nname = "a"\nuri = "ipp://ann@a/ipp?password-file=word"\n'
    )
    Path("ports.d/word").write_text("opensesame\n")
    found = read('include = "ports.d/*.toml"\n[[printer]]\nname = "c"\nnumber = 1\nuri = "c"\n')
    assert [port.name for port in found.ports] == ["c", "a", "b"]
    assert found.ports[2].transport.uri == f"file://{Path.cwd()}/ports.d/jobs"
    assert "opensesame" not in repr(found)
    told = wrong(
        'include = ["ports.d/*.toml", "gone.toml", "none.d/*.toml", "x.toml"]\n'
        'default-port = "a"\n',
        x_toml='greeting = "x"\n' + ONE,
    )
    assert told == [
        "gateway.toml:1: include: gone.toml: no such file; leave it out, or make it",
        "x.toml:1: greeting: here is [[printer]] only; move it to gateway.toml",
    ]


def test_paths(tmp_path: Path) -> None:
    """What the file names is looked for beside it, wherever the gateway is started."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/users").write_text("ann:x\n")
    (tmp_path / "etc/gateway.toml").write_text(f'auth = "file:users"\n{ONE}')
    found = Options(MemoryReactorClock())
    found.parseOptions([f"--config={tmp_path}/etc/gateway.toml"])
    assert len(found.configuration.checkers) == 1
    told = wrong(f'tls-certificate = "c.pem"\n{ONE}')
    assert told[0].startswith("gateway.toml:1: tls-certificate: c.pem: No such file")


BAD = """prot = 2121
greeting = 3.5
idle-timeout = true
require-tls = "yes"
location = "x"
default-port = "wrad3"
check = true
allow = ["10.0.0.0/8", "elsewhere"]
busy-timeout = 3
auth = "memroy:ann:opensesame"
[defaults]
busy_timeout = 5
busy-timeout = 4
port = 2121
name = "x"
[[printer]]
name = "ward3"
uri = "ipp://ann:opensesame@host:99999/"
pjl-policy = "maybe"
max-sessions = [3]
[[printer]]
nmae = "ward3"
[[printer]]
name = "WARD3"
aliases = ["a b"]
uri = "soket://x"
number = "three"
[[printer]]
name = "lab"
uri = "lab?gap=3"
gap = 2
busy-timeout = 1979-05-27
"""

TOLD = """
1: prot: no such key (did you mean port?); docs/configuration.rst lists all
3: idle-timeout: give a value
4: require-tls: say true or false, without quotes
5: location: this key is for one printer and stands below its [[printer]]
6: default-port: no printing port is called wrad3 (did you mean ward3?)
7: check: only the command line has
8: allow = elsewhere: not a network; give networks such as
9: busy-timeout: [defaults] says it, too; leave one out
10: auth = memroy:...: no kind of login (did you mean memory?)
12: busy_timeout: no such key (did you mean busy-timeout?)
14: port: this key is for the whole gateway and stands above the first [table]
15: name: this key is for one printer
18: uri: port '99999' is not a number from 1 to 65535
19: pjl-policy = maybe: choose one of off, log, refuse
20: max-sessions: give one value, without brackets
21: [[printer]]: name is missing
21: [[printer]]: uri is missing
22: nmae: no such key (did you mean name?)
24: name: WARD3: ward3 is called so, too; each port needs words of its own
25: aliases = a b: an alias is one word of printable ASCII
26: uri: unknown scheme 'soket' (did you mean socket?); known are
27: number = three: give a whole number of 1 or more
30: uri: gap is said here, too; leave one out
32: busy-timeout: give text in quotes, or a number
"""


def test_allAtOnce() -> None:
    """All that is wrong is told at once, with file, line, key and remedy, and without secrets."""
    found = wrong(BAD)
    for line in TOLD.strip().splitlines():
        assert any(each.startswith(f"gateway.toml:{line}") for each in found), line
    assert len(found) == len(TOLD.strip().splitlines())
    assert not any("opensesame" in each for each in found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "gateway.toml: no printer; write a [[printer]] with name and uri"),
        ("greeting = Hello\n" + ONE, "gateway.toml:1: no TOML: Invalid value; text stands in"),
        ('printer = ["socket://a"]\n', "gateway.toml:1: printer: write [[printer]] with two"),
        ('[printer]\nname = "a"\n', "gateway.toml:1: printer: write [[printer]] with two"),
        ('defaults = "a"\n' + ONE, "gateway.toml:1: defaults: write [defaults] in brackets"),
        ("allow = []\n" + ONE, "gateway.toml:1: allow: nothing stands in the brackets"),
        ('default-port = ""\n' + ONE, "gateway.toml:1: default-port = : a value is missing"),
        ('"--greeting" = "a"\n' + ONE, "gateway.toml:1: greeting: no such key; write it without"),
        (f"max-sessions = {'9' * 5000}\n" + ONE, "gateway.toml:1: no TOML: a number has thousands"),
        ("[notfy]\n" + ONE, "gateway.toml:1: notfy: no such key"),
        ('[spool]\ndirectory = "x"\n' + ONE, "gateway.toml:1: spool: no table; write spool = and"),
        (
            'spool = "postgres:x"\n' + ONE,
            "gateway.toml:1: spool = postgres:x: no directory of this",
        ),
        ("history = 'C:\\h'\n" + ONE, "gateway.toml:1: history = C:\\h: no path of this machine"),
        ('web = ["unix:a", "unix:a"]\n' + ONE, "gateway.toml:1: web = unix:a: given twice"),
        (
            'default-port = "a"\n' + ONE.replace("ward3", "a") + ONE.replace("ward3", "A"),
            "gateway.toml:6: name: A: a is called so, too",
        ),
        ('port = "tls:990"\n' + ONE, "gateway.toml:1: port = tls:990: there is no"),
        ('tls-key = "k"\n' + ONE, "gateway.toml:1: tls-key = k: means nothing without"),
        (
            '\npassive-inside = "10.0.0.0/8"\n' + ONE,
            "gateway.toml:2: passive-inside = 10.0.0.0/8: means",
        ),
        ('[[printer]]\nname = "PORT3"\nuri = "a"\n', "gateway.toml:2: name: PORT3: say number = 3"),
        (
            ONE + ONE.replace("ward3", "b"),
            "gateway.toml: no printing port has number 1; name one with default-port",
        ),
        ("[[printer]]\nname = 3\nuri = 'a'\n[[a]]\n", "gateway.toml:4: a: no such key"),
    ],
)
def test_wrong(text: str, told: str) -> None:
    """Each mistake is one sentence."""
    [sentence] = wrong(text)
    assert sentence.startswith(told)


def test_noFile() -> None:
    """A file that cannot be read is said, once, with what the system says of it."""
    found = Options(MemoryReactorClock())
    Path("folder").mkdir()
    Path("latin").write_bytes(b"# x\ngreeting = '\xe9'\n")
    with open("large", "wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for name, told in [
        ("gone", "gone: No such file or directory; name a file"),
        ("folder", "folder: Is a directory"),
        ("latin", "latin:2: not UTF-8; save it as UTF-8"),
        ("large", f"large: more than {LARGEST_FILE} bytes"),
    ]:
        with pytest.raises(usage.UsageError) as error:
            found.parseOptions([f"--config={name}"])
        assert told in str(error.value) and ";" not in str(error.value).partition("; ")[2], name
        found = Options(MemoryReactorClock())


def test_editorsMark() -> None:
    """Some editors begin a file with a mark of their own."""
    Path("gateway.toml").write_bytes(b"\xef\xbb\xbf" + ONE.encode())
    found = Options(MemoryReactorClock())
    found.parseOptions(["--config=gateway.toml"])
    assert found.configuration.ports[0].name == "ward3"


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("ipp://ann:x@a/?password-file=word", "leave one out"),
        ("socket://a?snmp=on&community=x&community-file=word", "leave one out"),
        ("ipp://ann@a/?password-file=gone", "password-file=gone: No such file"),
        ("ipp://ann@a/?password-file=empty", "the secret is its first line"),
        ("parallel:/dev/lp0?password-file=word", "unknown option 'password-file'"),
        ("socket://a?community-file=word", "community is for snmp=on"),
    ],
)
def test_wrongSecrets(uri: str, why: str) -> None:
    """A secret in a file of its own is there, and only there."""
    [told] = wrong(ONE.replace("socket://laser3", uri), word="opensesame\n", empty="\n")
    assert told.startswith("gateway.toml:3: uri: ") and why in told and "opensesame" not in told


def test_sameWordsSameTransport() -> None:
    """What was made of the same words is used again; a secret is one of the words."""
    text = (
        ONE + '[[printer]]\nname = "lab"\nnumber = 1\nuri = "ipp://ann@lab/?password-file=word"\n'
    )
    found = options(text, word="one")
    before = found.configuration
    again = found.configure(before=before)
    assert [p.transport for p in again.ports] == [p.transport for p in before.ports]
    Path("word").write_text("two")
    Path("gateway.toml").write_text(text.replace("[[printer]]", "[[printer]]\ngap = 3"))
    third = found.configure(before=before)
    same = [a.transport is b.transport for a, b in zip(third.ports, before.ports, strict=True)]
    assert same == [True, False]


SAMPLES: dict[str, Any] = {
    "TIME": '"5m"',
    "SIZE": '"10M"',
    "NUMBER": "7",
    "NETWORKS": '["10.0.0.0/8"]',
    "TEXT": '"text"',
    "HOW-MANY": '"24h"',
    "HOW-MUCH": '"10G"',
    "on-doubt": '"reprint"',
    "on-duplicate": '"print"',
}


@pytest.mark.parametrize("option", PORT_OPTIONS, ids=lambda option: str(option.name))
def test_everyPortKey(option: Any) -> None:
    """Each key that sets something about a port sets it for one printer, and for all of them."""
    if not option.setting:
        assert option.name in IDENTIFYING
        return
    sample = SAMPLES.get(option.name) or SAMPLES.get(
        option.value, '"log"' if option.value else "true"
    )
    spool = 'spool = "spool"\n' if option.topic == SPOOL else ""
    kept = "spool = true\n" if spool and option.name != "spool" else ""
    [one] = read(f"{spool}{ONE}{kept}{option.name} = {sample}\n").ports
    [all_] = read(f"{spool}[defaults]\n{option.name} = {sample}\n{ONE}").ports
    default = getattr(PortSettings(), option.setting)
    assert (
        getattr(one.settings, option.setting) == getattr(all_.settings, option.setting) != default
    )


def test_keptWithoutSpool() -> None:
    """What is said of kept jobs where none are kept is told, with the remedy."""
    remedy = "say spool = true below it, or leave this out"
    text = f'spool = "spool"\n{ONE}keep = 20\non-doubt = "stop"\n'
    assert wrong(text) == [
        f"gateway.toml:6: on-doubt: ward3 keeps no jobs; {remedy}",
        f"gateway.toml:5: keep: ward3 keeps no jobs; {remedy}",
    ]
    assert wrong(f'spool = "spool"\n[defaults]\nspool = true\n{ONE}spool = false\nkeep = 2\n') == [
        f"gateway.toml:8: keep: ward3 keeps no jobs; {remedy}"
    ]
    none = "there is no place for its jobs; add spool = DIRECTORY above the first [table]"
    two = ONE + ONE.replace("3", "4")
    text = f'default-port = "ward3"\n[defaults]\nspool = true\nkeep = 20\n{two}'
    assert wrong(text) == [
        f"gateway.toml:3: spool: {none}",
        "gateway.toml:4: keep: means nothing without spool; add spool = DIRECTORY, or leave this"
        " out",
    ]
    assert read(f'spool = "spool"\n[defaults]\nspool = true\n{ONE}keep = 2\n').ports


USELESS = {
    "TIME": "5m",
    "NUMBER": "7",
    "SIZE": "1G",
    "HOW-MANY": "24h",
    "HOW-MUCH": "10G",
    "NAMES": "bob",
    "KIND:WHERE": "memory:bob:opensesame",
    "FILE": "key.pem",
    "NETWORKS": "10.0.0.0/8",
    "WORD": "hold",
}


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.needs], ids=lambda o: str(o.name))
def test_useless(option: Any) -> None:
    """What means nothing without another option is told, and what to add; so it is in a file."""
    sample = USELESS[option.value] if option.value else ""
    with pytest.raises(usage.UsageError) as told:
        word = f"={sample}" if sample else ""
        Options(MemoryReactorClock()).parseOptions([f"--{option.name}{word}"])
    [sentence] = wrong(f"{option.name} = {json.dumps(sample or True)}\n{ONE}")
    needed = f"means nothing without --{option.needs}; add --{option.needs}="
    assert str(told.value).startswith(f"--{option.name}") and needed in str(told.value)
    assert sentence.startswith(f"gateway.toml:1: {option.name}")
    assert f"means nothing without {option.needs}; add {option.needs} = " in sentence
    assert "opensesame" not in f"{told.value}{sentence}"
    if not sample:
        assert read(f"{option.name} = false\n{ONE}").ports


def test_emptyInclude() -> None:
    """A pattern that no file has is told: it may be a slip."""
    found = read(f'include = "prots.d/*.toml"\n{ONE}')
    [said] = [each.replace(f"{Path.cwd()}/", "") for each in found.warnings() if "prots" in each]
    assert said == (
        "gateway.toml:1: include: no file is called prots.d/*.toml; no printer is there"
    )


def test_fireAndForget() -> None:
    """What it makes useless is told wherever it stands."""
    told = "on-duplicate: with fire-and-forget no job counts as a duplicate; leave one of them out"
    fire = 'fire-and-forget = true\nspool = "spool"\n[defaults]\nspool = true\n'
    key = 'on-duplicate = "print"\n'
    assert wrong(f"{key}{fire}{ONE}") == [f"gateway.toml:1: {told}"]
    assert wrong(f"{fire}{key}{ONE}") == [f"gateway.toml:5: {told}"]
    assert wrong(f"{fire}{ONE}{key}") == [f"gateway.toml:8: {told}"]


def test_fewBytes() -> None:
    """A size without its unit is told: it refuses all but the shortest jobs."""
    found = read(f'max-job-bytes = 10\nspool = "spool"\nmax-queued-bytes = "2K"\n{ONE}')
    assert [each for each in found.warnings() if "bytes" in each] == [
        f"{Path.cwd()}/gateway.toml:1: max-job-bytes: 10 bytes are hardly a page; write 10K or 10M"
        " if that is meant"
    ]


def test_namesAreUnique() -> None:
    """No key is there twice."""
    for table in (FILE_OPTIONS, PORT_OPTIONS, NOTIFY_OPTIONS):
        assert len({option.name for option in table}) == len(table)


def test_history(tmp_path: Path) -> None:
    """A relative history is in the spool's directory, or else where a path of the file begins."""
    more = 'history-days = 90\nhistory-bytes = "2M"\nnames = "omit"\n'
    found = read(f'spool = "spool"\nhistory = "h.sqlite"\n{more}{ONE}')
    assert found.history == f"{Path.cwd()}/spool/h.sqlite"
    assert found.retention == Retention(90, 1_000_000, 2 << 20, Names.OMIT)
    assert read(f'history = "h.sqlite"\n{ONE}').history == f"{Path.cwd()}/h.sqlite"
    assert read(f'spool = "spool"\nhistory = "/var/h"\n{ONE}').history == "/var/h"
    assert read(ONE).history == "" and read(ONE).retention == Retention()
    assert "names = all: choose one of keep, mask, omit" in wrong(f'names = "all"\n{ONE}')[0]


ALARMS = '[notify]\nmail-to = "ops@example.com"\n'
HOOK = '[notify]\nwebhook = "http://localhost/x"\n'
SECRET = "s3cret pass"


def test_alarms(tmp_path: Path) -> None:
    """All that can be said of alarms arrives; files are looked for beside the one that says so."""
    Path("hook-secret").write_text(f"{SECRET}\n")
    found = read(
        """
        [notify]
        mail-to = ["ops@example.com, night@example.com", "boss@example.com"]
        mail-from = "gw1@example.com"
        smtp = "smtp://ops%40example.com@mail.example.com:587?password-file=mail.pass"
        webhook = "https://hooks.example.com:8443/T0KEN?a=b"
        webhook-secret-file = "hook-secret"
        after = "2m"
        remind = 0
        oldest = "1h"
        """
        + ONE,
        mail_pass=f"{SECRET} wörd\r\n",
    ).notify
    assert found == NotifySettings(
        ("ops@example.com", "night@example.com", "boss@example.com"),
        "gw1@example.com",
        MailServer("mail.example.com", 587, False, "ops@example.com", f"{SECRET} wörd"),
        Webhook("hooks.example.com", 8443, True, "/T0KEN?a=b"),
        SECRET.encode(),
        120.0,
        0.0,
        3600.0,
    )
    assert str(found) == (
        "ops@example.com, night@example.com, boss@example.com by smtp://mail.example.com:587"
        " and https://hooks.example.com:8443"
    )
    assert SECRET not in repr(found) and "T0KEN" not in repr(found)


def test_alarmsAreShown(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of the ports, a page of the options and a line of the log have who is told."""
    Path("hook-secret").write_text(f"{SECRET}\n")
    Path("pass").write_text(f"{SECRET}\n")
    text = (
        f'{ALARMS}smtp = "smtp://ops@mail.example.com?password-file=pass"\n'
        'webhook = "https://hooks.example.com/T0KEN"\nwebhook-secret-file = "hook-secret"\n'
    )
    said = read(text + ONE)
    reactor: Any = None
    assert check(said, reactor) == 0
    shown = [
        capsys.readouterr().out,
        json.dumps(overview(said, False, None)),
        "\n".join(changes(read(ONE), said)),
        repr(said),
    ]
    for each in shown:
        assert SECRET not in each and "T0KEN" not in each
    for each in shown[:3]:
        assert "ops@example.com by smtp://mail.example.com:25 and https://hooks.example.com" in each


def test_fewAlarms() -> None:
    """What is not said has its default; without the table nobody is told."""
    found = read(ALARMS + ONE).notify
    assert found == NotifySettings(("ops@example.com",))
    assert found.sender.startswith("jetdirect@")
    assert read(ONE).notify is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[notify]\n", "1: notify: nobody is told; write mail-to or webhook below it"),
        ("[notify]\nafter = 5\n", "1: notify: nobody is told; write mail-to or webhook below it"),
        ("notify = true\n", "1: notify: write [notify] in brackets, and keys below it"),
        ('mail-to = "a@b"\n', "1: mail-to: this key is about alarms and stands below [notify]"),
        (f'{ALARMS}mail_from = "a@b"\n', "3: mail_from: no such key (did you mean mail-from?)"),
        (f"{ALARMS}idle-timeout = 5\n", "3: idle-timeout: this key is for the whole gateway"),
        (f'{ALARMS}mail-from = "a b@c"\n', "3: mail-from = a b@c: give a mail address such as"),
        (f'{ALARMS}mail-from = "a@b\\r\\nBcc: c@d"\n', "give a mail address such as"),
        (f'{ALARMS}smtp = "mail.example.com"\n', "3: smtp = mail.example.com: give smtp://HOST"),
        (f'{ALARMS}smtp = "smtp://"\n', "3: smtp = smtp://: give smtp://HOST or"),
        (f'{ALARMS}smtp = "smtp://h/x"\n', "3: smtp = smtp://h/x: give smtp://HOST or"),
        (f'{ALARMS}smtp = "smtp://h:0"\n', "port '0' is not a number from 1 to 65535"),
        (f'{ALARMS}smtp = "smtp://h?x=1"\n', "no option x; there are password-file, tls-ca"),
        (f'{ALARMS}smtp = "smtp://u:{SECRET[:6]}@h"\n', "...@h: a password does not stand here"),
        (f'{ALARMS}smtp = "smtp://u@h"\n', "...@h: a login needs USER@ and a password"),
        (f'{ALARMS}smtp = "smtp://h?password-file=x"\n', "a login needs USER@ and a password"),
        (f'{ALARMS}smtp = "smtp://u@h?password-file=no.pass"\n', "no.pass: No such file"),
        (f'{ALARMS}smtp = "smtps://h?tls-ca=no.pem"\n', "no.pem: No such file"),
        ('[notify]\nsmtp = "smtp://h"\n', "2: smtp: means nothing without mail-to; add that"),
        (f"{HOOK}webhook-secret-file = 'two'\n", "3: webhook-secret-file = two: "),
        (f'{ALARMS}webhook-secret-file = "one"\n', "means nothing without webhook; add that"),
        ('[notify]\nwebhook = "ftp://h/T0K"\n', "webhook = ...: no address of a web server"),
        ('[notify]\nwebhook = "hooks.example.com/T0K"\n', "webhook = ...: no address of a web"),
        ('[notify]\nwebhook = "https://h/T0K#x"\n', "https://h/...: no address of a web server"),
        ('[notify]\nwebhook = "https://h/T0K x"\n', "https://h/...: an address has neither blank"),
        ('[notify]\nwebhook = "https://u:T0K@h/"\n', "webhook = ...: a name and a password do"),
        ('[notify]\nwebhook = "https:///T0K"\n', "no address of a web server"),
        ('[notify]\nwebhook = "https://h:T0K/"\n', "webhook = https://h:T0K/...: no address"),
        (f"{ALARMS}after = true\n", "3: after: give a value"),
        (f"{ALARMS}remind = -1\n", "3: remind = -1: give seconds as a number"),
    ],
)
def test_wrongAlarms(text: str, told: str) -> None:
    """What is wrong is told with its line and what to do, and without what may be a secret."""
    Path("one").write_text(f"{SECRET}\n")
    Path("two").write_text(f"{SECRET}\n{SECRET}\n")
    sentences = wrong(text + ONE)
    assert len(sentences) == 1, sentences
    [sentence] = sentences
    assert told in sentence and sentence.startswith("gateway.toml:")
    assert SECRET[:6] not in sentence
    assert "T0K" not in sentence or "h:T0K" in sentence


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n", b"x" * 5000])
def test_noSecret(content: bytes) -> None:
    """A file that has no secret is told by its name."""
    Path("hook-secret").write_bytes(content)
    [sentence] = wrong(f'{HOOK}webhook-secret-file = "hook-secret"\n{ONE}')
    assert sentence.startswith("gateway.toml:3: webhook-secret-file = hook-secret: ")
    assert "secret" in sentence.rpartition(":")[2]


def test_alarmsWithoutTLS(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyOpenSSL what needs it is refused, with what to install; what does not, works."""
    monkeypatch.setattr(trust, "available", lambda: False)
    assert read(ALARMS + ONE).notify is not None
    for line in ('smtp = "smtps://h"\n', 'webhook = "https://h/"\n'):
        [sentence] = wrong(ALARMS + line + ONE)
        assert "pip install 'jetdirect[tls]'" in sentence


@pytest.mark.parametrize(
    ("place", "warned"),
    [
        ("http://hooks.example.com/x", True),
        ("http://127.0.0.1:8080/", False),
        ("https://h/", False),
    ],
)
def test_inClear(place: str, warned: bool) -> None:
    """What others can read on the way is a warning; this machine has no way."""
    found = read(f'[notify]\nwebhook = "{place}"\n{ONE}')
    assert any("in clear" in each for each in found.warnings()) is warned


def test_state() -> None:
    """The history is in the state's directory, where one is named; the spool itself is none."""
    found = read(f'spool = "spool"\nstate = "state"\nhistory = "h.sqlite"\n{ONE}')
    assert found.state == f"{Path.cwd()}/state"
    assert found.history == f"{Path.cwd()}/state/h.sqlite"
    assert read(f'spool = "spool"\nstate = "spool"\n{ONE}').state == ""
    found = read(f'spool = "postgresql://db/spool"\nhistory = "h.sqlite"\n{ONE}')
    assert found.history == f"{Path.cwd()}/h.sqlite"
