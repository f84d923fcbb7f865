"""
What FTP clients expect of names: directories that are made and left, files that are renamed, listed
and timed, and of which nothing can be read back.
"""

from __future__ import annotations

import re
import sys

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.text import decoded, encoded
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.dialogue import PAGE, fetched, said, stored, where
from tests.support.memory import MemoryGateway, codes

# Paths


@pytest.mark.parametrize(
    ("commands", "path"),
    [
        ([], "/"),
        (["CWD .."], "/"),
        (["CDUP"], "/"),
        (["CDUP", "CDUP", "CDUP"], "/"),
        (["CWD ../../../.."], "/"),
        (["CWD /../PORT1/../../PORT2"], "/PORT2"),
        (["CWD PORT1", "CDUP"], "/"),
        (["CWD PORT1", "CWD ."], "/PORT1"),
        (["CWD PORT1", "CWD ../PORT2"], "/PORT2"),
        (["CWD PORT1", "CWD /"], "/"),
        (["CWD PORT1", "CWD"], "/PORT1"),
        (["CWD //port1//"], "/PORT1"),
        (["MKD d", "CWD d", "MKD e", "CWD e", "CDUP"], "/d"),
        (["MKD d", "CWD d", "CWD /d/../d/./"], "/d"),
        (["MKD my own", "CWD my own"], "/my own"),
        (["MKD PORT2/d", "CWD port2/d"], "/PORT2/d"),
        (["XMKD d", "XCWD d", "XCUP"], "/"),
    ],
)
def test_ways(user: FakeSender, commands: list[str], path: str) -> None:
    """One gets where one wants, and never beyond the root."""
    assert set(said(user, *commands)) <= {250, 257}
    assert where(user) == path


def test_missingDirectory(user: FakeSender) -> None:
    """Where there is nothing one cannot go, and stays."""
    said(user, "CWD PORT2")
    assert said(user, "CWD nothing", "CWD /nothing", "CWD ../nothing") == [550] * 3
    assert where(user) == "/PORT2"


def test_fileIsNoDirectory(user: FakeSender) -> None:
    """A stored name cannot be entered."""
    stored(user, "a.ps")
    assert said(user, "CWD a.ps") == [550]


def test_quotes(user: FakeSender) -> None:
    """Quotes in a path are doubled by MKD and PWD."""
    assert user.say('MKD a"b"').startswith('257 "/a""b""" ')
    assert said(user, 'CWD a"b"') == [250]
    assert where(user) == '/a""b""'


def test_pwdIsTheSame(user: FakeSender) -> None:
    """XPWD is PWD, and an argument is none of their business."""
    assert user.say("PWD") == user.say("XPWD") == user.say("PWD x")


@pytest.mark.parametrize("path", ["d", "/d", "./d/", "PORT1", "port1", "/", ".", "..", "a.ps"])
def test_makeWhatIsThere(user: FakeSender, path: str) -> None:
    """What exists cannot be made."""
    said(user, "MKD d")
    stored(user, "a.ps")
    assert said(user, f"MKD {path}") == [550]


def test_directoriesComeAndGo(user: FakeSender) -> None:
    """A directory can be made, entered, left, removed; and made again."""
    assert said(user, "MKD d", "CWD d", "CDUP", "RMD d", "CWD d") == [257, 250, 250, 250, 550]
    assert said(user, "RMD d", "XMKD d", "XRMD d") == [550, 257, 250]


@pytest.mark.parametrize("path", ["/", "PORT1", "nothing", "a.ps", "..", "."])
def test_noDirectoryToRemove(user: FakeSender, path: str) -> None:
    """RMD is for directories of one's own: not for files, nor for printing ports."""
    stored(user, "a.ps")
    assert said(user, f"RMD {path}") == [550]
    assert said(user, "SIZE a.ps", "CWD PORT1") == [213, 250]


@pytest.mark.parametrize("path", ["/", "PORT1", "nothing", "d", "."])
def test_noFileToDelete(user: FakeSender, path: str) -> None:
    """DELE is for stored names: not for directories."""
    said(user, "MKD d")
    assert said(user, f"DELE {path}", "CWD d") == [550, 250]


def test_delete(user: FakeSender) -> None:
    """A deleted name is gone, and cannot be deleted twice."""
    stored(user, "a.ps")
    assert said(user, "DELE a.ps", "SIZE a.ps", "DELE a.ps") == [250, 550, 550]


def test_removeWithContents(user: FakeSender) -> None:
    """A directory that is not empty stays, or what is in it goes with it."""
    said(user, "MKD d")
    stored(user, "d/a.ps")
    assert said(user, "RMD d", "SIZE d/a.ps") in ([550, 213], [250, 550])


def test_rename(user: FakeSender) -> None:
    """RNFR and RNTO: the old name is gone, the new one is there with its size."""
    stored(user, "a.part")
    assert said(user, "RNFR a.part", "RNTO a.ps", "SIZE a.part") == [350, 250, 550]
    assert user.say("SIZE a.ps") == f"213 {len(PAGE)}"


def test_renameWithoutEnd(user: FakeSender) -> None:
    """RNFR alone changes nothing."""
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", "SIZE a.ps", "QUIT") == [350, 213, 221]


def test_renameWithoutBeginning(user: FakeSender) -> None:
    """RNTO alone is out of order, also behind a complete pair."""
    stored(user, "a.ps")
    assert said(user, "RNTO b.ps") == [503]
    assert said(user, "RNFR a.ps", "RNTO b.ps", "RNTO c.ps") == [350, 250, 503]
    assert said(user, "SIZE b.ps", "SIZE c.ps") == [213, 550]


@pytest.mark.parametrize("between", ["NOOP", "PWD", "STAT", "TYPE I", "XYZZY"])
def test_renameWithSomethingBetween(user: FakeSender, between: str) -> None:
    """A word between RNFR and RNTO, such as one that keeps the session alive, does no harm."""
    stored(user, "a.ps")
    said(user, "RNFR a.ps", between)
    assert said(user, "RNTO b.ps", "SIZE b.ps") == [250, 213]


@pytest.mark.parametrize("path", ["nothing", "PORT1/nothing", "/nothing"])
def test_renameNothing(user: FakeSender, path: str) -> None:
    """What is not there cannot be renamed, and no RNTO is expected."""
    assert said(user, f"RNFR {path}", "RNTO b.ps") == [550, 503]


@pytest.mark.parametrize("path", ["PORT1", "/"])
def test_renamePort(user: FakeSender, path: str) -> None:
    """A printing port and the root keep their names, whichever of the two commands says so."""
    assert said(user, f"RNFR {path}", "RNTO b")[-1] in (503, 550)
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", f"RNTO {path}", "SIZE a.ps") == [350, 550, 213]


def test_renameAfterRefusal(user: FakeSender) -> None:
    """The last RNFR counts: where it was refused there is nothing to rename."""
    stored(user, "a.ps")
    assert said(user, "RNFR a.ps", "RNFR nothing", "RNTO b.ps") == [350, 550, 503]


@pytest.mark.parametrize("begin", ["REIN", "NOOP"])
def test_renameAcrossLogins(user: FakeSender, begin: str) -> None:
    """The RNFR of one login is nothing to the next, which has to begin with its own."""
    stored(user, "a.ps")
    said(user, "RNFR a.ps", begin)
    user.login("other")
    assert said(user, "RNTO b.ps") == [503]


def test_times(user: FakeSender) -> None:
    """MFMT sets what MDTM tells; MDTM with a time does so too."""
    stored(user, "a.ps")
    assert re.fullmatch(r"213 \d{14}", user.say("MDTM a.ps"))
    assert said(user, "MFMT 20010203040506 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 20010203040506"
    assert said(user, "MDTM 20020203040506 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 20020203040506"
    assert "modify=20020203040506;" in user.say("MLST a.ps")


@pytest.mark.parametrize(
    "time",
    [
        "2001",
        "20010203",
        "200102030405",
        "2001020304050",
        "200102030405060",
        "20011303040506",
        "20010232040506",
        "20010229040506",
        "20010203250506",
        "20010203046006",
        "20010203040561",
        "00000101000000",
        "xxxxxxxxxxxxxx",
        "-0010203040506",
        "20010203040506.",
        "2001-02-03",
    ],
)
def test_malformedTimes(user: FakeSender, time: str) -> None:
    """What is no time is refused, and the name keeps the one it had."""
    stored(user, "a.ps")
    before = user.say("MDTM a.ps")
    assert said(user, f"MFMT {time} a.ps") == [501]
    assert said(user, f"MDTM {time} a.ps")[0] in (501, 550)
    assert user.say("MDTM a.ps") == before


@pytest.mark.parametrize("argument", ["", " a.ps", " 20010203040506"])
def test_incompleteTimes(user: FakeSender, argument: str) -> None:
    """MFMT needs a time and a name."""
    stored(user, "a.ps")
    assert said(user, f"MFMT{argument}") == [501]


def test_earlyTimes(user: FakeSender) -> None:
    """A time that was accepted comes back in fourteen digits, however long ago it is."""
    stored(user, "a.ps")
    assert said(user, "MFMT 09990101000000 a.ps") == [213]
    assert user.say("MDTM a.ps") == "213 09990101000000"


def test_timesWithoutAnotherModule(user: FakeSender, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time is understood without another module: none can be read without a descriptor."""
    stored(user, "a.ps")
    monkeypatch.setitem(sys.modules, "_strptime", None)
    assert user.say("MFMT 20161231235960 a.ps") == "213 Modify=20161231235960; a.ps"
    assert user.say("MDTM a.ps") == "213 20170101000000"


@pytest.mark.parametrize("verb", ["SIZE", "MDTM", "MFMT 20010203040506"])
@pytest.mark.parametrize("path", ["/", "PORT1", "d", "nothing"])
def test_factsOfNoFile(user: FakeSender, verb: str, path: str) -> None:
    """A directory has no size and no time; what is not there neither."""
    said(user, "MKD d")
    assert said(user, f"{verb} {path}") == [550]


@pytest.mark.parametrize("kind", ["A", "I"])
def test_sizeInAnyType(user: FakeSender, kind: str) -> None:
    """The size is that of the bytes, in any type, because none changes them."""
    stored(user, "a.ps")
    said(user, f"TYPE {kind}")
    assert user.say("SIZE a.ps") == f"213 {len(PAGE)}"


# Nothing is read back


@pytest.mark.parametrize("path", ["a.ps", "/a.ps", "nothing", "PORT1", "/", "../../etc/passwd"])
def test_retrieve(gateway: MemoryGateway, user: FakeSender, path: str) -> None:
    """Nothing can be read, stored or not; no data connection is spent on it."""
    stored(user, "a.ps")
    user.passive()
    assert said(user, "REST 0", f"RETR {path}") == [350, 550]
    assert user.data is not None
    assert user.data.connected and not user.data.said()
    assert said(user, "STOR b.ps") == [150]
    assert codes(user.send(PAGE)) == [226]
    assert gateway.pages == [PAGE, PAGE]


def test_nothingLooksReadable(user: FakeSender) -> None:
    """No mode in LIST has an r, and no permission in MLSD is that of RETR."""
    said(user, "MKD d")
    stored(user, "a.ps")
    lines = fetched(user, "LIST")
    assert len(lines) == 4
    assert not any("r" in line.split()[0] for line in lines)
    for line in fetched(user, "MLSD"):
        found = re.search(r"perm=(\w+);", line)
        assert found is not None and "r" not in found[1]


# Listings


@pytest.mark.parametrize("command", ["LIST", "NLST"])
@pytest.mark.parametrize("flags", ["", " -a", " -al", " -la", " -l -a", " -aL", " -1"])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ["PORT1", "PORT2", "d", "a.ps"]),
        (" /", ["PORT1", "PORT2", "d", "a.ps"]),
        (" .", ["PORT1", "PORT2", "d", "a.ps"]),
        (" ..", ["PORT1", "PORT2", "d", "a.ps"]),
        (" a.ps", ["a.ps"]),
        (" /a.ps", ["a.ps"]),
        (" PORT2", ["b.ps"]),
        (" port2/", ["b.ps"]),
        (" PORT2/b.ps", ["b.ps"]),
        (" d", []),
        (" nothing", []),
        (" nothing/at/all", []),
    ],
)
def test_list(user: FakeSender, command: str, flags: str, path: str, names: list[str]) -> None:
    """LIST and NLST take any flags; what is not there has an empty listing."""
    said(user, "MKD d")
    stored(user, "a.ps")
    stored(user, "PORT2/b.ps")
    assert [line.split()[-1] for line in fetched(user, command + flags + path)] == names


def test_listOfAPort(user: FakeSender) -> None:
    """LIST of a printing port also shows the session's jobs that are named elsewhere; NLST not."""
    stored(user, "a.ps")
    assert [line.split()[-1] for line in fetched(user, "LIST -al PORT1")] == ["a.ps"]
    assert fetched(user, "NLST PORT1") == []


def test_listInASubdirectory(user: FakeSender) -> None:
    """Without a path it is the current directory."""
    said(user, "MKD d", "CWD d")
    stored(user, "a.ps")
    assert fetched(user, "NLST") == ["a.ps"]
    assert fetched(user, "MLSD")[0].endswith("; a.ps")
    assert fetched(user, "NLST ..") == ["PORT1", "PORT2", "d"]


def test_listActively(gateway: MemoryGateway, user: FakeSender) -> None:
    """A listing goes over a connection that the gateway dials as well."""
    assert said(user, "PORT 192,0,2,1,8,73", "NLST") == [200, 150]
    data = gateway.dialled()
    assert codes(user.hear()) == [226]
    assert data.said() == b"PORT1\r\nPORT2\r\n"


@pytest.mark.parametrize("path", ["", " /", " .", " ..", " PORT1/.."])
def test_machineList(user: FakeSender, path: str) -> None:
    """MLSD has facts, a space and a name in each line, and what LIST shows."""
    stored(user, "a.ps")
    lines = fetched(user, "MLSD" + path)
    pattern = r"type=(dir|file;size=\d+);modify=\d{14};perm=\w+; (\S+)"
    found = [re.fullmatch(pattern, line) for line in lines]
    assert [each and each[2] for each in found] == ["PORT1", "PORT2", "a.ps"]
    assert f"size={len(PAGE)};" in lines[2]


@pytest.mark.parametrize("path", ["nothing", "/nothing", "a.ps", "-a", "-al"])
def test_machineListOfNoDirectory(user: FakeSender, path: str) -> None:
    """MLSD is for directories, and has no flags; the refusal spends no data connection."""
    stored(user, "a.ps")
    user.passive()
    assert said(user, f"MLSD {path}", "NLST") == [550, 150, 226]


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "dir"), ("", "dir"), ("PORT1", "dir"), ("d", "dir"), ("a.ps", "file")]
)
def test_machineFacts(user: FakeSender, path: str, kind: str) -> None:
    """MLST tells of one name over the control connection: three lines, the second indented."""
    said(user, "MKD d")
    stored(user, "a.ps")
    first, facts, last = user.say(f"MLST {path}").split("\n")
    assert (first[:4], last[:4]) == ("250-", "250 ")
    assert re.fullmatch(rf" type={kind};.*; {re.escape(path or '/')}", facts)


def test_machineFactsOfNothing(user: FakeSender) -> None:
    """MLST of what is not there is refused."""
    assert said(user, "MLST nothing", "MLST PORT1/nothing") == [550, 550]


def test_machineFactsOfHere(user: FakeSender) -> None:
    """MLST without a path names the directory whose facts it tells."""
    said(user, "CWD PORT2")
    assert not user.say("MLST").split("\n")[1].endswith("; /")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("", 211),
        ("PORT1", 213),
        ("/port2/", 213),
        ("nothing", 550),
        ("PORT13", 550),
        ("a.ps", 213),
        ("-l a.ps", 213),
        ("-strange.ps", 213),
        ("-l", 212),
        ("-al /", 212),
        ("/", 212),
        ("d", 212),
        ("-l PORT1", 212),
    ],
)
def test_statusWithPath(user: FakeSender, path: str, wanted: int) -> None:
    """STAT tells of the session, of a printing port, or what LIST tells of a path."""
    stored(user, "a.ps")
    stored(user, "-strange.ps")
    said(user, "MKD d")
    assert said(user, f"STAT {path}") == [wanted]


@pytest.mark.parametrize("path", ["/", "a b.ps", "-l", "d", "-a PORT2"])
def test_statusIsTheListing(user: FakeSender, path: str) -> None:
    """The lines of LIST, each behind a blank (RFC 959, page 36), over the control connection."""
    stored(user, "a b.ps")
    stored(user, "PORT2/c.ps")
    said(user, "MKD d")
    user.passive()
    user.say(f"LIST {path}")
    assert user.data is not None
    lines = user.data.said().decode().splitlines()
    _, *found, _ = user.say(f"STAT {path}").split("\n")
    assert found == [f" {line}" for line in lines]
    assert lines or path == "d"


@pytest.mark.parametrize("checked", [False, True])
def test_strangersJobs(checked: bool) -> None:
    """
    STAT of a printing port tells the names of the session's own jobs; with checked logins those of
    the same user.  Others' jobs are a number, a state and bytes.
    """
    known = InMemoryUsernamePasswordDatabaseDontUse(ann=b"x", bob=b"x")
    gateway = Gateway(
        Configuration([FakePrinter()], [], checkers=[known] * checked), MemoryReactorClock()
    )
    first, same, other = (FakeSender(gateway.factory, f"192.0.2.{n}") for n in (1, 2, 3))
    for sender, name in ((first, "ann"), (same, "ann"), (other, "bob")):
        assert codes(sender.login(name, "x")) == [230]
    first.begin("Mrs Smith.pdf")
    assert first.data is not None
    first.data.receive(b"1234")

    def status(sender: FakeSender) -> str:
        return sender.say("STAT PORT1").split("\n")[1]

    line = " job 1: processing, 4 bytes"
    assert status(first) == f"{line}, Mrs Smith.pdf"
    assert status(other) == line
    assert status(same) == (f"{line}, Mrs Smith.pdf" if checked else line)
    assert "Smith" not in other.say("STAT") + other.say("STAT /") + other.say("STAT -l PORT1")
    for sender in (first, same, other):
        sender.wire.rst()


@pytest.mark.parametrize("verb", ["LIST", "NLST", "MLSD"])
def test_listingsArePrintable(user: FakeSender, verb: str) -> None:
    """Nothing in a listing controls a terminal, and each name that it shows is found by SIZE."""
    evil = ["a\x1b[31m", "b\x9bc", "d\u202ee", "f\rg", "h\x00i", "j\u2028k"]
    evil += ["\u0416\u65e5 \u3000", "caf\udce9\udc9b"]
    for name in evil:
        user.passive()
        user.say(b"STOR " + encoded(name))
        user.send(b"1234")
    user.passive()
    user.say(verb)
    assert user.data is not None
    before = {"LIST": rb".* \d\d:\d\d ", "NLST": b"", "MLSD": b"[^ ]*; "}[verb]
    lines = [re.sub(b"^" + before, b"", line) for line in user.data.said().split(b"\r\n")]
    names = [line for line in lines if line and b"PORT" not in line]
    assert len(names) == len(evil)
    shown = decoded(b"\n".join(names))
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\udc80-\udc9f]", shown) is None
    assert "\u0416\u65e5 \u3000" in shown and "caf\udce9\\x9b" in shown
    if verb == "NLST":
        for line in names:
            assert user.say(b"SIZE " + line) == "213 4", line
