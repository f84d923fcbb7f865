"""
Each command and its replies, as a client meets them; uploads have a file of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock

from jetdirect.ftp.commands.access import SHOWN_PORTS
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire
from tests.support.memory import MemoryGateway, codes

# fmt: off
COMMANDS = [
    "USER", "PASS", "ACCT", "QUIT", "REIN", "SYST", "FEAT", "HELP", "NOOP", "STAT", "OPTS",
    "TYPE", "MODE", "STRU", "ALLO", "REST", "PASV", "EPSV", "PORT", "EPRT",
    "PWD", "XPWD", "CWD", "XCWD", "CDUP", "XCUP", "LIST", "NLST", "SIZE", "MDTM",
    "STOR", "STOU", "APPE", "ABOR",
]
AFTER_LOGIN = COMMANDS[COMMANDS.index("TYPE"):-1]
# fmt: on

PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04"


class FullReactor(MemoryReactorClock):
    """All its ports are taken."""

    def listenTCP(self, *args: Any, **kwargs: Any) -> Any:
        raise CannotListenError("127.0.0.1", 0, OSError("address in use"))


def memory(printers: int, reactor: Any = None) -> MemoryGateway:
    """A gateway with so many printers."""
    made = [FakePrinter(f'printer "{n}"') for n in range(1, printers + 1)]
    return MemoryGateway(*made, reactor=reactor, greeting="Hello")


def printed(gateway: MemoryGateway) -> list[tuple[int, str, bytes]]:
    """Printing port, name and bytes of each job."""
    done: list[tuple[int, str, bytes]] = []
    for job in gateway.server.jobs:
        number = int(job.port.removeprefix("PORT"))
        count = sum(port == number for port, *_ in done)
        done.append((number, job.name, gateway.printers[number - 1].jobs[count].data))
    return done


@pytest.fixture
def gateway() -> MemoryGateway:
    """A fresh gateway."""
    return memory(3)


@pytest.fixture
def sender(gateway: MemoryGateway) -> FakeSender:
    """A sender that has logged in."""
    return gateway.user()


def code(heard: str) -> int:
    """The code of the only reply that was heard."""
    [only] = codes(heard)
    return only


def listing(sender: FakeSender, command: str) -> list[str]:
    """What comes over the data connection for C{command}, in lines."""
    sender.passive()
    assert re.fullmatch(r"150 .*\n226 .*", sender.say(command))
    assert sender.data is not None
    assert not sender.data.connected
    return sender.data.said().decode().splitlines()


# One command, one reply


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("ACCT x", 202),
        ("ACCT", 202),
        ("SYST", 215),
        ("NOOP", 200),
        ("QUIT", 221),
        ("REIN", 220),
        ("RETR PORT1", 550),
        ("RETR", 501),
        ("MODE S", 200),
        ("MODE s", 200),
        ("MODE B", 504),
        ("MODE C", 504),
        ("MODE", 501),
        ("STRU F", 200),
        ("STRU f", 200),
        ("STRU R", 504),
        ("STRU O VMS", 504),
        ("STRU", 501),
        ("TYPE A", 200),
        ("TYPE a", 200),
        ("TYPE A N", 200),
        ("TYPE a  n", 200),
        ("TYPE AN", 200),
        ("TYPE A T", 200),
        ("TYPE I", 200),
        ("TYPE i", 200),
        ("TYPE L 8", 200),
        ("TYPE L8", 200),
        ("TYPE l 8", 200),
        ("TYPE E", 504),
        ("TYPE A C", 504),
        ("TYPE L 36", 504),
        ("TYPE X", 504),
        ("TYPE", 501),
        ("TYPE ", 501),
        ("ALLO 10260", 200),
        ("ALLO 10260 R 80", 200),
        ("ALLO 10260 r 80", 200),
        ("ALLO 0", 200),
        ("ALLO", 501),
        ("ALLO x", 501),
        ("ALLO -1", 501),
        ("ALLO 1 R", 501),
        ("ALLO 1 2", 501),
        ("ALLO \u0661", 501),
        ("ALLO " + "9" * 30, 501),
        ("REST 0", 350),
        ("REST 00", 350),
        ("REST 1", 501),
        ("REST 5000", 501),
        ("REST x", 501),
        ("REST -0", 501),
        ("REST", 501),
        ("SIZE a.ps", 550),
        ("SIZE PORT1", 550),
        ("SIZE", 501),
        ("MDTM a.ps", 550),
        ("MDTM", 501),
        ("OPTS UTF8 ON", 200),
        ("OPTS utf8 on", 200),
        ("OPTS UTF8", 200),
        ("OPTS", 501),
        ("STAT PORT9", 550),
        ("STOR", 501),
        ("APPE", 501),
        ("STOR a.ps", 425),
        ("APPE a.ps", 425),
        ("STOU", 425),
        ("LIST", 425),
        ("NLST", 425),
        ("ABOR", 226),
        ("PORT", 501),
        ("EPRT", 501),
        ("HELP XYZZY", 214),
    ],
)
def test_reply(sender: FakeSender, command: str, wanted: int) -> None:
    """The command is answered once, with this code."""
    assert code(sender.say(command)) == wanted


@pytest.mark.parametrize("command", ["OPTS UTF8 OFF", "OPTS XYZZY", "OPTS UTF8 ON MORE"])
def test_unknownOption(sender: FakeSender, command: str) -> None:
    """An option that is not there is refused for good (RFC 2389: 501, some servers say 504)."""
    assert code(sender.say(command)) in (501, 504)


def test_system(sender: FakeSender) -> None:
    """The words that make BSD clients choose binary, and nothing else."""
    assert sender.say("SYST") == "215 UNIX Type: L8"


# Before and at login


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("SYST", 215),
        ("FEAT", 211),
        ("OPTS utf8 on", 200),
        ("HELP", 214),
        ("NOOP", 200),
        ("STAT", 211),
        ("STAT PORT1", 211),
        ("ACCT x", 202),
        ("ABOR", 226),
        ("REIN", 220),
        ("QUIT", 221),
        ("PASS x", 503),
    ],
)
def test_beforeLogin(gateway: MemoryGateway, command: str, wanted: int) -> None:
    """What clients ask before they log in is answered."""
    sender = gateway.stranger()
    assert sender.greeting == "220 Hello"
    assert code(sender.say(command)) == wanted


@pytest.mark.parametrize("command", AFTER_LOGIN)
def test_loginFirst(gateway: MemoryGateway, command: str) -> None:
    """All else needs a login first."""
    sender = gateway.stranger()
    assert code(sender.say(f"{command} x")) == 530
    sender.say("USER a")
    assert code(sender.say(command)) == 530
    assert not gateway.reactor.tcpServers


@pytest.mark.parametrize("user", ["USER anonymous", "USER \xe9 b", "USER ", "USER", "user x"])
@pytest.mark.parametrize("password", ["PASS guest@example.org", "PASS ", "PASS", "pass \xff"])
def test_anyLogin(gateway: MemoryGateway, user: str, password: str) -> None:
    """Any name and any password will do, the empty ones included."""
    sender = gateway.stranger()
    assert code(sender.say(user)) == 331
    assert code(sender.say(password)) == 230


def test_banner(gateway: MemoryGateway) -> None:
    """The 230 lists the printing ports with their printers and says how to print."""
    heard = gateway.stranger().login()
    first, *_, last = heard.split("\n")
    assert first.startswith("230-")
    assert last == "230 User logged in"
    for n in (1, 2, 3):
        assert re.search(rf'^ +PORT{n} .*printer "{n}"$', heard, re.MULTILINE)
    assert "put <filename>" in heard
    assert "Ready to print to PORT1" in heard
    assert "HP" not in heard and "Hewlett" not in heard


def test_longBanner() -> None:
    """Of many printing ports the 230 lists as many as a person can read."""
    sender = memory(SHOWN_PORTS + 7).stranger()
    heard = sender.login()
    assert heard.count("Print to port") == SHOWN_PORTS
    assert re.search(r"^ +and 7 more, as LIST shows$", heard, re.MULTILINE)


def test_passwordTwice(sender: FakeSender) -> None:
    """A second PASS without USER comes out of order, and does not end the login."""
    assert code(sender.say("PASS x")) == 503
    assert code(sender.say("PWD")) == 257


# What can be asked


def test_features(sender: FakeSender) -> None:
    """FEAT lists what clients look for, one a line after a space, and no REST STREAM."""
    first, *features, last = sender.say("FEAT").split("\n")
    assert (first[:4], last[:4]) == ("211-", "211 ")
    assert all(feature.startswith(" ") for feature in features)
    assert {"EPRT", "EPSV", "MDTM", "SIZE", "UTF8"} <= {feature.strip() for feature in features}
    assert "REST" not in "".join(features)


def test_featuresAreTrue(gateway: MemoryGateway) -> None:
    """Each feature that is a command is one that is known."""
    for feature in gateway.user().say("FEAT").split("\n")[1:-1]:
        verb = feature.split()[0]
        if verb not in ("UTF8", "TVFS"):
            sender = gateway.user()
            assert code(sender.say(f"{verb} x")) not in (500, 502), verb
            sender.wire.fin()


def test_utf8(gateway: MemoryGateway, sender: FakeSender) -> None:
    """UTF8 in FEAT is true: the bytes of a name come back in a listing as they came."""
    sender.upload("Seite€.ps", PAGE)
    assert "Seite€.ps" in listing(sender, "NLST")


def test_helpIsTrue(gateway: MemoryGateway) -> None:
    """Each verb that HELP lists is known, before and after login; all that is promised is there."""
    verbs = " ".join(gateway.user().say("HELP").split("\n")[1:-1]).split()
    assert set(COMMANDS) <= set(verbs)
    for verb in verbs:
        for login in (False, True):
            for argument in ("", " x"):
                sender = gateway.user() if login else gateway.stranger()
                assert code(sender.say(verb + argument)) not in (500, 502), verb
                sender.wire.fin()


@pytest.mark.parametrize("verb", COMMANDS)
def test_helpOnOne(sender: FakeSender, verb: str) -> None:
    """HELP tells the syntax of each command, asked in any case."""
    assert re.fullmatch(rf"214 .*{verb.removeprefix('X')[-2:]}.*", sender.say(f"HELP {verb}"))
    assert sender.say(f"help {verb.lower()}") == sender.say(f"HELP {verb}")


def test_status(gateway: MemoryGateway, sender: FakeSender) -> None:
    """STAT tells who is there, where it prints and how far the transfer is."""
    sender.say("CWD PORT2")
    told = sender.say("STAT")
    assert "192.0.2.1" in told and "anonymous" in told and "PORT2" in told
    assert "no transfer" in told
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(b"12345")
    assert "job 1 on PORT2: processing, 5 bytes" in sender.say("STAT")


def test_statusOfAStoppedPrinter(gateway: MemoryGateway, sender: FakeSender) -> None:
    """STAT tells that the printer takes nothing, and for how long."""
    sender.begin("a.ps")
    gateway.printers[0].jobs[0].pause()
    gateway.reactor.advance(42)
    assert "processing-stopped" in sender.say("STAT")
    assert "42 s" in sender.say("STAT")


def test_statusWhileListing(sender: FakeSender) -> None:
    """STAT tells of a listing that is going on."""
    sender.say("EPSV")
    sender.say("LIST")
    assert "listing" in sender.say("STAT")


@pytest.mark.parametrize("name", ["PORT1", "port1", "/PORT1", "PORT1/"])
def test_statusOfAPort(gateway: MemoryGateway, sender: FakeSender, name: str) -> None:
    """STAT PORT1 tells the port's printer, and the states of the jobs at it, also others'."""
    told = sender.say(f"STAT {name}")
    assert code(told) == 213
    assert "printer" in told and "idle" in told
    sender.begin("a\xe9.ps")
    other = gateway.user()
    other.begin("b.ps")
    told = other.say(f"STAT {name}")
    assert "job 1: processing, 0 bytes, a\\xe9.ps" in told
    assert "job 2: pending, 0 bytes, b.ps" in told
    assert "idle" in other.say("STAT PORT2")


# Directories


def test_pwd(sender: FakeSender) -> None:
    """PWD has one quoted string; at the root it also names the default port and its printer."""
    root = sender.say("PWD")
    assert root.startswith('257 "/" ')
    assert "PORT1" in root and "printer '1'" in root
    sender.say("CWD PORT3")
    port = sender.say("PWD")
    assert port.startswith('257 "/PORT3" ')
    assert root.count('"') == port.count('"') == 2
    assert sender.say("XPWD") == port


@pytest.mark.parametrize("verb", ["CWD", "cwd", "XCWD"])
@pytest.mark.parametrize(
    "path", ["PORT3", "port3", "Port3", "/PORT3", "/port3/", "PORT3/", "./port3", "x/../PORT3"]
)
def test_changeToPort(sender: FakeSender, verb: str, path: str) -> None:
    """A printing port is a directory, in any case and by any path."""
    assert sender.say(f"{verb} {path}") == '250 Changed directory to "/PORT3"'
    assert '"/PORT3"' in sender.say("PWD")


def test_fromPortToPort(sender: FakeSender) -> None:
    """From one printing port one gets to another without going up."""
    sender.say("CWD PORT1")
    assert code(sender.say("CWD port2")) == 250
    assert '"/PORT2"' in sender.say("PWD")


@pytest.mark.parametrize(
    "command", ["CWD /", "CWD ..", "CDUP", "XCUP", "CWD ../..", "CWD PORT3/.."]
)
def test_backToTheRoot(sender: FakeSender, command: str) -> None:
    """From a printing port one gets back to the root."""
    sender.say("CWD PORT3")
    assert sender.say(command) == '250 Changed directory to "/"'
    assert code(sender.say("CDUP")) == 250


@pytest.mark.parametrize("path", ["", ".", "./", "/", "PORT1/.."])
def test_stay(sender: FakeSender, path: str) -> None:
    """Changing to where one is is fine."""
    assert code(sender.say(f"CWD {path}")) == 250
    assert '"/"' in sender.say("PWD")


@pytest.mark.parametrize(
    "path",
    ["PORT4", "PORT0", "portx", "a.ps", "/etc", "/PORT1/x", "PORT1/x", "x/PORT1/x", "\x1b"],
)
def test_noSuchDirectory(sender: FakeSender, path: str) -> None:
    """Elsewhere there is nothing: a client's file, in particular, is no directory."""
    heard = sender.say(f"CWD {path}")
    assert code(heard) == 550
    assert all(f"PORT{n}" in heard for n in (1, 2, 3))
    assert '"/"' in sender.say("PWD")


# Listings


def test_list(sender: FakeSender) -> None:
    """LIST shows the printing ports as write-only directories with their printers."""
    lines = listing(sender, "LIST")
    assert [line.split()[-1] for line in lines] == ["PORT1", "PORT2", "PORT3"]
    assert all(line.startswith("d-wx-wx-wx ") for line in lines)
    assert 'printer_"2"' in lines[1]


@pytest.mark.parametrize("argument", ["", " -a", " -la", " -l /", " /", " .", " -a -l ./"])
def test_nlst(sender: FakeSender, argument: str) -> None:
    """NLST shows their names, whatever flags clients add."""
    assert listing(sender, "NLST" + argument) == ["PORT1", "PORT2", "PORT3"]
    assert len(listing(sender, "LIST" + argument)) == 3


@pytest.mark.parametrize(
    "argument", ["PORT2", "port2/", "nothing", "-l /no/such", "\x1b", "x" * 3000]
)
def test_emptyListing(sender: FakeSender, argument: str) -> None:
    """A port that nothing was stored in, and what is not there at all, has an empty listing."""
    assert listing(sender, f"LIST {argument}") == listing(sender, f"NLST {argument}") == []


def test_listInAPort(sender: FakeSender) -> None:
    """In a printing port its own directory is listed, from there the root can be."""
    sender.say("CWD PORT2")
    assert listing(sender, "NLST") == []
    assert listing(sender, "NLST /") == ["PORT1", "PORT2", "PORT3"]
    assert listing(sender, "NLST ..") == ["PORT1", "PORT2", "PORT3"]


def test_listWhileAnotherPrints(gateway: MemoryGateway, sender: FakeSender) -> None:
    """A job that is printing keeps nobody from listing."""
    sender.begin("a.ps")
    assert len(listing(gateway.user(), "LIST")) == 3


def test_abortedListing(sender: FakeSender) -> None:
    """A listing can be aborted too: 426, then 226 that tells of no complete transfer."""
    sender.say("EPSV")
    sender.say("LIST")
    assert re.fullmatch(r"426 .*\n226 (?!Transfer complete).*", sender.say("ABOR"))


def test_lostListing(sender: FakeSender) -> None:
    """A listing whose data connection never comes is told as such."""
    sender.say("EPSV")
    sender.say("LIST")
    sender.reactor.advance(30)
    assert code(sender.hear()) == 425


@pytest.mark.parametrize("place", ["data.DataPort.send", "replies.listingRefusal"])
def test_bugInAListing(
    place: str,
    sender: FakeSender,
    monkeypatch: pytest.MonkeyPatch,
    flushErrors: Callable[..., list[Any]],
) -> None:
    """A mistake of the gateway's own is logged and told as 451, and the session goes on."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    sender.say("EPSV")
    with monkeypatch.context() as patched:
        patched.setattr(f"jetdirect.ftp.{place}", broken)
        heard = codes(sender.say("LIST"))
        sender.reactor.advance(30)  # its data connection never comes
        heard += codes(sender.hear())
    assert heard == [150, 451]
    assert len(flushErrors(ZeroDivisionError)) == 1
    assert len(listing(sender, "LIST")) == 3


def test_listingWithoutSender(gateway: MemoryGateway, sender: FakeSender) -> None:
    """A listing whose sender goes away leaves nothing behind."""
    sender.say("EPSV")
    sender.say("LIST")
    sender.wire.fin()
    assert not sender.wire.connected
    assert not gateway.reactor.getDelayedCalls()


def test_listingAtTheStop(gateway: MemoryGateway, sender: FakeSender) -> None:
    """A listing that is under way when the gateway stops has its own reply before the 421."""
    sender.say("EPSV")
    sender.say("LIST")
    gateway.factory.stopSessions()
    assert re.fullmatch(r"4\d\d Listing .*\n421 .*", sender.hear())


# Where a job prints, and under which name


@pytest.mark.parametrize("verb", ["STOR", "APPE"])
@pytest.mark.parametrize(
    ("directory", "path", "port", "name"),
    [
        ("/", "a.ps", 1, "a.ps"),
        ("PORT3", "a.ps", 3, "a.ps"),
        ("/", "PORT2", 2, "<Unknown>"),
        ("/", "port2", 2, "<Unknown>"),
        ("PORT3", "PORT2", 2, "<Unknown>"),
        ("/", "/PORT2", 2, "<Unknown>"),
        ("/", "PORT2/", 2, "<Unknown>"),
        ("/", "PORT2/a.ps", 2, "a.ps"),
        ("/", "/port2/a.ps", 2, "a.ps"),
        ("/", "//PORT2//a.ps", 2, "a.ps"),
        ("PORT3", "/PORT2/a.ps", 2, "a.ps"),
        ("/", "PORT2/b/a.ps", 2, "b/a.ps"),
        ("/", "portx", 1, "portx"),
        ("PORT3", "b/PORT2", 2, "<Unknown>"),
        ("PORT3", "/b/a.ps", 3, "b/a.ps"),
        ("PORT3", "../a.ps", 1, "a.ps"),
        ("/", "../../etc/passwd", 1, "etc/passwd"),
        ("/", "/etc/passwd", 1, "etc/passwd"),
        ("/", "d:\\atlas\\temp\\test.ps", 1, "d:\\atlas\\temp\\test.ps"),
        ("/", "my page.ps", 1, "my page.ps"),
        ("/", "-o", 1, "-o"),
        ("/", "a%20b#c;type=a{0}%s.ps", 1, "a%20b#c;type=a{0}%s.ps"),
        ("/", "caf\xe9", 1, "caf\\xe9"),
        ("/", "a\rb\x00\x1b", 1, "a\\x0db\\x1b"),
    ],
)
def test_where(
    gateway: MemoryGateway, verb: str, directory: str, path: str, port: int, name: str
) -> None:
    """A path with a printing port in it prints there; any other is only a name."""
    sender = gateway.user()
    sender.say(f"CWD {directory}")
    opening = sender.begin(path, verb)
    assert re.match(rf"150 .*printing on PORT{port} \(printer", opening)
    assert code(sender.send(PAGE)) == 226
    assert printed(gateway) == [(port, name, PAGE)]


@pytest.mark.parametrize("verb", ["STOR", "APPE"])
@pytest.mark.parametrize("path", ["PORT4", "PORT4/a.ps", "/port9/a.ps", "PORT0"])
def test_noSuchPort(gateway: MemoryGateway, verb: str, path: str) -> None:
    """What can only be meant as a printing port, and is none, is printed nowhere."""
    sender = gateway.user()
    sender.say("CWD PORT3")
    assert code(sender.begin(path, verb)) == 550
    assert printed(gateway) == []


def test_unique(gateway: MemoryGateway, sender: FakeSender) -> None:
    """STOU takes a name or none, and its 150 tells one in the form that clients parse."""
    assert sender.begin("a.ps", "STOU") == "150 FILE: a.ps"
    sender.send(PAGE)
    assert re.fullmatch(r"150 FILE: \S+", sender.begin("", "STOU"))
    sender.send(PAGE)
    assert [(port, data) for port, _, data in printed(gateway)] == [(1, PAGE), (1, PAGE)]
    assert all(name for _, name, _ in printed(gateway))


@pytest.mark.parametrize(("kind", "mode"), [("A", "ASCII"), ("A N", "ASCII"), ("I", "BINARY")])
def test_typePassesBytes(gateway: MemoryGateway, sender: FakeSender, kind: str, mode: str) -> None:
    """The type is named in the 150 and changes no byte."""
    sender.say(f"TYPE {kind}")
    assert mode in sender.begin("a.ps")
    sender.send(PAGE)
    assert printed(gateway) == [(1, "a.ps", PAGE)]


# The announced size


@pytest.mark.parametrize(
    ("commands", "good"),
    [
        (["TYPE I", "ALLO 4"], True),
        (["TYPE I", "ALLO 5"], False),
        (["ALLO 5", "TYPE I"], False),
        (["TYPE I", "ALLO 5 R 80"], False),
        (["TYPE I", "ALLO 0"], True),
        (["TYPE I", "ALLO 5", "ALLO 4"], True),
        (["TYPE I", "ALLO 5", "ALLO x"], False),
        (["TYPE A", "ALLO 5"], True),
        (["TYPE I", "ALLO 5", "TYPE A"], True),
        (["TYPE I", "ALLO 5", "REIN", "USER a", "PASS a", "TYPE I"], True),
    ],
)
def test_announcedSize(sender: FakeSender, commands: list[str], good: bool) -> None:
    """In TYPE I the size that ALLO announced last is compared with what came."""
    for command in commands:
        sender.say(command)
    assert code(sender.upload("a.ps", b"%!PS").split("\n", 1)[1]) == (226 if good else 551)


def test_announcedForTheNextOnly(sender: FakeSender) -> None:
    """ALLO is for the very next upload, whatever became of it; a listing is none."""
    sender.say("TYPE I")
    sender.say("ALLO 5")
    listing(sender, "LIST")
    assert code(sender.upload("a.ps", b"%!PS").split("\n", 1)[1]) == 551
    assert "226 Transfer complete" in sender.upload("a.ps", b"%!PS")


def test_announcedButNothingCame(sender: FakeSender) -> None:
    """Less than announced, but nothing printed: it is safe to send again."""
    sender.say("TYPE I")
    sender.say("ALLO 5")
    assert code(sender.upload("a.ps", b"").split("\n", 1)[1]) == 451


# Data connections


def test_passiveReplies(sender: FakeSender) -> None:
    """227 and 229 have the forms that clients take apart, with the gateway's own address."""
    assert re.fullmatch(r"227 .*\(192,0,2,9,\d+,\d+\)\.?", sender.say("PASV"))
    assert re.fullmatch(r"229 .*\(\|\|\|\d+\|\)\.?", sender.say("EPSV"))
    assert [interface for *_, interface in sender.reactor.tcpServers] == ["192.0.2.9"] * 2


@pytest.mark.parametrize(
    ("argument", "four", "six"), [("", 229, 229), (" 1", 229, 522), (" 2", 522, 229)]
)
def test_extendedPassiveFamilies(
    gateway: MemoryGateway, argument: str, four: int, six: int
) -> None:
    """EPSV has a port of the control connection's own family, and says which that is."""
    heard = gateway.user().say("EPSV" + argument)
    assert code(heard) == four
    assert four == 229 or "(1)" in heard
    heard = gateway.user(host="2001:db8::1", local="2001:db8::9").say("EPSV" + argument)
    assert code(heard) == six
    assert six == 229 or "(2)" in heard


@pytest.mark.parametrize("argument", ["0", "3", "x", "1 2"])
def test_unknownFamily(sender: FakeSender, argument: str) -> None:
    """An unknown family is 522, with the one that is known."""
    heard = sender.say(f"EPSV {argument}")
    assert code(heard) == 522
    assert "(1)" in heard


def test_ipv6(gateway: MemoryGateway) -> None:
    """On IPv6 there is no PASV; EPSV and EPRT print."""
    sender = gateway.user(host="2001:db8::1", local="2001:db8::9")
    assert code(sender.say("PASV")) == 522
    assert "226 Transfer complete" in sender.upload("a.ps", PAGE)
    assert gateway.reactor.tcpServers[-1][3] == "2001:db8::9"
    assert code(sender.say("EPRT |2|2001:DB8:0::1|2121|")) == 200
    assert sender.say("STOR a.ps")[:3] == "150"
    assert gateway.reactor.tcpClients[-1][:2] == ("2001:db8::1", 2121)


def test_mappedAddresses(gateway: MemoryGateway) -> None:
    """On a socket of both families an IPv4 peer is an IPv4 peer."""
    sender = gateway.user(host="::ffff:192.0.2.1", local="::ffff:192.0.2.9")
    assert "(192,0,2,9," in sender.say("PASV")
    assert code(sender.say("EPSV 1")) == 229
    assert code(sender.say("PORT 192,0,2,1,8,73")) == 200
    assert code(sender.say("EPRT |1|192.0.2.1|2121|")) == 200
    assert code(sender.say("EPRT |2|::ffff:192.0.2.1|2121|")) == 200
    assert "192.0.2.1" in sender.say("STAT")
    assert "226 Transfer complete" in sender.upload("a.ps", PAGE)


@pytest.mark.parametrize("all", ["EPSV ALL", "EPSV all", "epsv All"])
def test_extendedPassiveOnly(sender: FakeSender, all: str) -> None:
    """After EPSV ALL nothing else makes data connections, as a NAT in between was promised."""
    assert code(sender.say(all)) == 200
    for command in ("PASV", "PORT 192,0,2,1,8,73", "EPRT |1|192.0.2.1|2121|"):
        assert code(sender.say(command)) == 503
    assert "226 Transfer complete" in sender.upload("a.ps", PAGE)


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("PORT 192,0,2,1,8,73", 200),
        ("PORT 192,0,2,1,4,0", 200),
        ("EPRT |1|192.0.2.1|65535|", 200),
        ("EPRT |2|::ffff:192.0.2.1|2121|", 200),
        ("PORT 192,0,2,77,8,73", 504),
        ("PORT 127,0,0,1,8,73", 504),
        ("PORT 0,0,0,0,8,73", 200),
        ("EPRT |2|::|2121|", 200),
        ("PORT 192,0,2,1,0,22", 504),
        ("PORT 192,0,2,1,0,0", 504),
        ("PORT 192,0,2,1,3,255", 504),
        ("EPRT |1|192.0.2.77|2121|", 504),
        ("EPRT |1|192.0.2.1|1023|", 504),
        ("EPRT |2|::ffff:192.0.2.77|2121|", 504),
        ("EPRT |2|2001:db8::1|2121|", 504),
        ("EPRT |3|192.0.2.1|2121|", 522),
        ("PORT 192,0,2,1,8,256", 501),
        ("PORT 192,0,2,1,8", 501),
        ("PORT 192,0,2,1,+8,73", 501),
        ("EPRT |1|localhost|2121|", 501),
        ("EPRT |1|2130706509|2121|", 501),
        ("EPRT |1|192.0.2.1|65536|", 501),
        ("EPRT |1|192.0.2.1|x\r|", 501),
    ],
)
def test_active(gateway: MemoryGateway, sender: FakeSender, command: str, wanted: int) -> None:
    """Only the sender itself is called, at no privileged port, and not before the transfer."""
    assert code(sender.say(command)) == wanted
    assert not gateway.reactor.tcpClients
    heard = sender.say("STOR a.ps")
    assert heard[:3] == ("150" if wanted == 200 else "425")
    assert [host for host, *_ in gateway.reactor.tcpClients] == ["192.0.2.1"] * (wanted == 200)


def test_linkLocal(gateway: MemoryGateway) -> None:
    """A sender on a link-local address need not know by which name we call the link."""
    sender = gateway.user(host="fe80::1%eth0", local="fe80::9%eth0")
    assert code(sender.say("EPRT |2|fe80::1|2121|")) == 200


def test_oneUse(sender: FakeSender) -> None:
    """A data port serves one transfer; the next needs a new one."""
    sender.upload("a.ps", PAGE)
    assert code(sender.say("STOR b.ps")) == 425
    assert "226 Transfer complete" in sender.upload("b.ps", PAGE)


@pytest.mark.parametrize(
    "command", ["PASV", "EPSV", "PORT 192,0,2,1,8,73", "EPRT |1|192.0.2.1|2121|", "ABOR", "REIN"]
)
def test_earlierPortIsClosed(sender: FakeSender, command: str) -> None:
    """A new data port takes the place of the earlier one, ABOR and REIN leave none."""
    sender.passive()
    wire = sender.data
    assert wire is not None and wire.connected
    sender.say(command)
    assert not wire.connected


def test_noFreePort() -> None:
    """Where no port is free PASV and EPSV say so, and the session goes on."""
    sender = memory(3, FullReactor()).user()
    assert code(sender.say("PASV")) == 425
    assert code(sender.say("EPSV")) == 425
    assert code(sender.say("STOR a.ps")) == 425
    assert code(sender.say("PORT 192,0,2,1,8,73")) == 200


def test_unixSocket(gateway: MemoryGateway) -> None:
    """A control connection without an address logs in, but has no data connections."""
    session = gateway.factory.buildProtocol(UNIXAddress(""))
    wire = MemoryWire(session, hostAddress=UNIXAddress("/run/ftp"), peerAddress=UNIXAddress(""))
    wire.receive(b"USER a\r\nPASS b\r\nEPSV\r\nPASV\r\nPORT 127,0,0,1,8,73\r\n")
    codes = re.findall(rb"^(\d{3}) ", wire.said(), re.MULTILINE)
    assert codes == [b"220", b"331", b"230", b"425", b"425", b"504"]
