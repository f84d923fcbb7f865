"""
One resolved path for all commands: where a job prints, and how it is called.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jetdirect.ftp.paths import (
    DEEPEST_PATH,
    LONGEST_PATH,
    Path,
    PathRefused,
    quoted,
    resolve,
    written,
)
from jetdirect.ftp.text import decoded, encoded
from jetdirect.portnames import PortNames
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.memory import MemoryGateway

PORTS = PortNames([f"PORT{number}" for number in range(1, 13)])


@pytest.mark.parametrize(
    ("directory", "path", "wanted"),
    [
        ([], "", ()),
        ([], "/", ()),
        ([], ".", ()),
        ([], "..", ()),
        ([], "/../..", ()),
        ([], "job.ps", ("job.ps",)),
        ([], "/job.ps", ("job.ps",)),
        ([], "//job.ps", ("job.ps",)),
        ([], "a//b/./c", ("a", "b", "c")),
        ([], "a/../b", ("b",)),
        ([], "port2", ("PORT2",)),
        ([], "pOrT2/Job.ps", ("PORT2", "Job.ps")),
        ([], "-job.ps", ("-job.ps",)),
        ([], " ", (" ",)),
        (["PORT2"], "", ("PORT2",)),
        (["PORT2"], "job.ps", ("PORT2", "job.ps")),
        (["PORT2"], "port1/job.ps", ("PORT1", "job.ps")),
        (["PORT2"], "..", ()),
        (["PORT2"], "/", ()),
        (["PORT2"], "../x", ("x",)),
        (["a", "b"], "../c", ("a", "c")),
        (["a"], "../port1/x", ("PORT1", "x")),
        # A printing port, wherever it is said and however one walks there.
        ([], "./PORT2/a", ("PORT2", "a")),
        ([], "//PORT2//a", ("PORT2", "a")),
        ([], "PORT2/", ("PORT2",)),
        ([], "PORT2/.", ("PORT2",)),
        ([], "a/../PORT2/b", ("PORT2", "b")),
        (["PORT1"], "../PORT2/a", ("PORT2", "a")),
        (["PORT1"], "./PORT2/a", ("PORT2", "a")),
        (["PORT1"], "a/../PORT2/a", ("PORT2", "a")),
        (["PORT1", "d"], "../PORT2/a", ("PORT2", "a")),
        ([], "/PORT1/PORT2/a", ("PORT2", "a")),
        ([], "a/port2", ("PORT2",)),
        ([], "a/port2/b", ("PORT2", "b")),
        (["a"], "port2/b", ("PORT2", "b")),
        # From the root but in no printing port: the current one, as senders expect of put /tmp/x.
        (["PORT2"], "/job.ps", ("PORT2", "job.ps")),
        (["PORT2", "d"], "/tmp/job.ps", ("PORT2", "tmp", "job.ps")),
        (["PORT2"], "/PORT1/job.ps", ("PORT1", "job.ps")),
        # Backslashes separate where they lead to a printing port.
        ([], "PORT2\\x.ps", ("PORT2", "x.ps")),
        ([], "\\PORT2", ("PORT2",)),
        ([], "\\PORT2\\", ("PORT2",)),
        ([], ".\\port2\\a\\b.ps", ("PORT2", "a", "b.ps")),
        ([], "PORT1\\..\\PORT2\\x", ("PORT2", "x")),
        ([], "PORT2\\a/b", ("PORT2", "a", "b")),
        (["PORT1"], "..\\PORT2\\x", ("PORT2", "x")),
        ([], "c:\\spool\\PORT2\\x.ps", ("PORT2", "x.ps")),
        ([], r"c:\x", (r"c:\x",)),
        ([], r"d:\temp\job.ps", (r"d:\temp\job.ps",)),
        (["PORT2"], r"d:\temp\job.ps", ("PORT2", r"d:\temp\job.ps")),
        ([], "\\", ("\\",)),
    ],
)
def test_resolve(directory: list[str], path: str, wanted: Path) -> None:
    """Absolute, whatever was said."""
    assert resolve(PORTS, directory, path) == wanted


@pytest.mark.parametrize("directory", [[], ["PORT1"], ["PORT1", "a"], ["a"]])
@pytest.mark.parametrize(
    "path",
    [
        "PORT13",
        "PORT13/a.ps",
        "/PORT13",
        "x/PORT13/a.ps",
        "'PORT2'",
        "'PORT2/a.ps'",
        '"PORT2"/a.ps',
        "PORT2;1",
        "[PORT2]x",
        "dka0:[000000.port2]x.ps;1",
        "'ME.PORT2'",
        "PORT2:x",
        "PORT2(A)",
        "PORT2 /a",
        "PORT 2\\a.ps",
        "PORT2%2fa.ps",
        "\uff30\uff2f\uff32\uff34\uff12/a",
        "prot2",
        "prot2/a.ps",
        "/prot2/a.ps",
        "../prot2/a.ps",
        "prot2\\a.ps",
    ],
)
def test_nearMiss(directory: list[str], path: str) -> None:
    """What can only have been meant as a printing port is no name, wherever one is."""
    with pytest.raises(PathRefused, match=r"no such printing port; nearest of 12: PORT\d"):
        resolve(PORTS, directory, path)


@pytest.mark.parametrize("path", ["PORT1/part1", "a/part1/x.ps", "/usr/ports/x.ps", "a/prot2"])
def test_slipsInTheMiddle(path: str) -> None:
    """One slip is recognized where a printing port is named, not in the middle of a path."""
    assert resolve(PORTS, [], path)[-1] == path.rpartition("/")[2]


def test_onlyOnePort() -> None:
    """With one printing port there is nothing to choose from."""
    with pytest.raises(PathRefused, match="no such printing port; there is only PORT1"):
        resolve(PortNames(["PORT1"]), [], "PORT2")


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ([], "x/" * (DEEPEST_PATH + 1)),
        (["x"] * DEEPEST_PATH, "y"),
        (["x"] * 30, "y/" * 35),
        (["PORT1"], "/" + "x/" * DEEPEST_PATH),
        ([], "x" * LONGEST_PATH),
        (["x" * 2000], "y" * 2095),
        ([], "\U0001f5a8" * 1024),
        ([], "\x1b" * 1024),
        ([], "PORT2/" + "x" * LONGEST_PATH),
        ([], "./" * 1000),
        ([], "PORT1\\" + "\\" * 1000),
    ],
)
def test_tooLong(directory: list[str], path: str) -> None:
    """A path has bounds in bytes and in depth, with the current directory in front of it."""
    with pytest.raises(PathRefused, match="more than"):
        resolve(PORTS, directory, path)


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ([], "x/" * DEEPEST_PATH),
        (["x"] * 30, "y/" * 34),
        (["x"] * DEEPEST_PATH, "../y"),
        ([], "x" * (LONGEST_PATH - 1)),
        (["x" * 2000], "y" * 2094),
        (["x"] * DEEPEST_PATH, "PORT2/a"),
        ([], "a/../" * 100 + "b"),
    ],
)
def test_longEnough(directory: list[str], path: str) -> None:
    """All that is within the bounds."""
    found = resolve(PORTS, directory, path)
    assert len(found) <= DEEPEST_PATH
    assert len(written(found)) <= LONGEST_PATH


def test_shownAsItIsFound() -> None:
    """What controls terminals is escaped in a path, and what is shown is found again."""
    found = resolve(PORTS, [], "a\x1b[31m\u202e\x9b\0\udc9b\udce9 \u00e9\u3000")
    assert found == ("a\\x1b[31m\\u202e\\x9b\\x00\\x9b\udce9 \u00e9\u3000",)
    assert resolve(PORTS, [], found[0]) == found


def test_quoted() -> None:
    """Quotes are doubled, as RFC 959 wants it in a 257."""
    assert quoted(("a", 'b"c')) == '/a/b""c'


# Properties

_WORDS = (
    "a|d|.|..|| |PORT1|port2|Port12|PORT13|prot2|PORT02|port 2|'PORT2'|PORT2;1|[PORT2]|c:|a.ps"
    '|%50ORT2|PORT%32|PORT2 |report.ps|-a|"|PORT2.prn|\uff30ORT2|PORT\u0662|e\u0301|\u00e9|\udce9'
    "|\u202e"
)
WORDS = st.sampled_from(_WORDS.split("|"))
SAID = st.lists(st.tuples(WORDS | st.text(max_size=6), st.sampled_from("//\\")), max_size=6).map(
    lambda parts: "".join(word + separator for word, separator in parts)
)
PATHS = st.builds(
    lambda front, path, end: front + path + end, st.sampled_from(["", "/"]), SAID, WORDS
)


def orRefused(directory: Path, path: str) -> Path | None:
    """The path that is meant, if there is one."""
    try:
        return resolve(PORTS, directory, path)
    except PathRefused:
        return None


@given(PATHS, PATHS)
def test_neverOutside(first: str, second: str) -> None:
    """No path leaves the root; what it has become means itself, and no other."""
    directory = orRefused((), first)
    found = None if directory is None else orRefused(directory, second)
    if found is not None:
        assert not {"", ".", ".."} & {*found}
        assert "/" not in "".join(found)
        assert orRefused((), written(found)) in (found, None if found[:1] not in PORTS else found)
        assert all(segment not in PORTS for segment in found[1:])


@pytest.mark.slow
@settings(max_examples=500)
@given(PATHS, SAID, WORDS)
@example("a", "", "PORT2")
@example("PORT1", "../", "PORT2")
@example("PORT1", "../", "a")
def test_changingThere(first: str, middle: str, last: str) -> None:
    """CWD and then a name is the same as both at once, if neither is refused."""
    directory = orRefused((), first)
    if directory is not None and not (middle + last).startswith("/"):
        apart = orRefused(directory, middle + last)
        together = orRefused((), f"{first}/{middle}{last}")
        if None not in (apart, together):
            assert apart == together


def spoken(reply: str) -> tuple[str, ...]:
    """The codes of a reply's last lines."""
    return tuple(line[:3] for line in reply.split("\n") if line[3:4] == " " and line[:3].isdigit())


def listed(user: FakeSender, command: bytes) -> bytes:
    """What comes over the data connection; nothing if it was refused."""
    user.passive()
    user.say(command)
    assert user.data is not None
    return user.data.said()


def printed(gateway: MemoryGateway) -> list[str]:
    """The ports that have printed."""
    return [f"PORT{n}" for n, printer in enumerate(gateway.printers, 1) if printer.jobs]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["", "PORT2", "d", "PORT2/d"]), PATHS.filter(str.strip))
@example("PORT1", "../PORT2/a")
@example("", "PORT2\\x.ps")
@example("", "a\x1bb")
@example("", "PORT 2")
@example("PORT2", "/tmp/a")
@example("PORT2", "a/ /.")
def test_oneAnswer(directory: str, path: str) -> None:
    """
    Whatever is said, all commands that take a path mean the same port and the same name, or all
    refuse it.
    """
    line = encoded(path).replace(b"\r", b"").replace(b"\n", b"").replace(b"\xff", b"").strip(b" \t")
    path = decoded(line.lstrip(b" "))
    if not path or path.startswith("-") or "\0" in path:
        return
    gateway = MemoryGateway(*(FakePrinter() for _ in PORTS))
    user = gateway.user()
    for each in ("d", "PORT2/d"):
        user.say(f"MKD {each}")
    if directory:
        assert spoken(user.say(f"CWD {directory}")) == ("250",)
    here = tuple(directory.split("/")) if directory else ()
    wanted = orRefused(here, path)
    user.passive()
    heard = user.say(b"STOR " + line)
    if wanted is None:
        assert spoken(heard) == ("550",)
        for verb in b"APPE STOU CWD MKD RMD SIZE MDTM MLST RNFR DELE STAT".split():
            user.passive()
            assert spoken(user.say(verb + b" " + line)) == ("550",), verb
        for verb in b"LIST NLST MLSD".split():
            user.passive()
            assert spoken(user.say(verb + b" " + line)) == ("550",), verb
        assert spoken(user.say(b"STOR x")) in {("425",), ("150",)}
        assert not set(printed(gateway)) - {"PORT1", "PORT2"}
        return
    assert heard.startswith("150 ")
    heard = user.send(b"page")
    port = wanted[0] if wanted and wanted[0] in PORTS else "PORT1"
    [job] = gateway.server.jobs
    assert printed(gateway) == [port] == [job.port]
    assert f"({port}, job " in heard
    known = gateway.factory.sessions
    assert known
    shell = user.session.shell  # type: ignore[attr-defined]
    file = shell.names.file(wanted)
    again = encoded(written(wanted)) if wanted[:1] and wanted[0] in PORTS else b""
    if again.endswith((b" ", b"\t")):
        again = b""  # blanks at the end of a line are no part of it: nobody can say this name so
    if file is None:
        assert shell.names.isDirectory(wanted)
        assert spoken(user.say(b"CWD " + line)) == ("250",)
        assert user.session.login.directory == wanted  # type: ignore[attr-defined]
        return
    for said in filter(None, (line, again)):
        assert user.say(b"SIZE " + said) == "213 4"
        assert spoken(user.say(b"MDTM " + said)) == ("213",)
        assert "size=4;" in user.say(b"MLST " + said)
        assert spoken(user.say(b"STAT " + said)) == ("213",)
        assert spoken(user.say(b"CWD " + said)) == spoken(user.say(b"MKD " + said)) == ("550",)
        shown = encoded(wanted[-1])
        assert listed(user, b"NLST " + said) == shown + b"\r\n"
        assert listed(user, b"LIST " + said).endswith(b" " + shown + b"\r\n")
    assert spoken(user.say(b"RNFR " + line)) == ("350",)
    assert spoken(user.say(b"RNTO renamed")) == ("250",)
    assert spoken(user.say(b"SIZE " + line)) == ("550",)
    assert spoken(user.say(b"RNFR renamed")) == ("350",)
    assert spoken(user.say(b"RNTO " + line)) == ("250",)
    assert shell.names.file(wanted) is not None
    assert spoken(user.say(b"DELE " + line)) == ("250",)
    assert shell.names.file(wanted) is None
    assert printed(gateway) == [port]


@pytest.mark.parametrize(
    ("path", "folded"), [("PORT2/\u00e9", "NFC"), ("PORT2/e\u0301", "NFD"), ("PORT2/\u65e5", "NFC")]
)
def test_script(path: str, folded: str) -> None:
    """A name's letters stay what they are: another form of the same letters is another name."""
    found = resolve(PORTS, [], path)
    assert found == ("PORT2", unicodedata.normalize(folded, found[1]))  # type: ignore[arg-type]
