"""
Device URIs: what is understood, and what an error tells: what is wrong, what is known, no secret.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock

from jetdirect.options import seconds
from jetdirect.transports.build import schemes, transportFor
from jetdirect.transports.dressing import DressedTransport
from jetdirect.transports.file.transport import FileTransport
from jetdirect.transports.socket import SocketTransport
from jetdirect.uri import DeviceURI, parse, withoutSecrets


def error(text: str) -> str:
    """What is wrong with a URI of a printer."""
    with pytest.raises(ValueError) as caught:
        transportFor(MemoryReactorClock(), text)
    return str(caught.value)


def socketFor(text: str) -> SocketTransport:
    transport = transportFor(MemoryReactorClock(), text)
    assert isinstance(transport, SocketTransport)
    return transport


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("socket://printer", {"host": "printer"}),
        ("socket://printer:9101", {"host": "printer", "port": 9101}),
        (
            "SOCKET://Printer.example.org.:1/",
            {"host": "Printer.example.org.", "port": 1, "path": "/"},
        ),
        ("socket://192.0.2.1:65535", {"host": "192.0.2.1", "port": 65535}),
        ("socket://[2001:db8::1]:9100", {"host": "2001:db8::1", "port": 9100}),
        ("socket://[2001:db8::1]", {"host": "2001:db8::1"}),
        ("socket://[fe80::1%25eth0]:9100", {"host": "fe80::1%eth0", "port": 9100}),
        ("socket://[::ffff:192.0.2.1]", {"host": "::ffff:192.0.2.1"}),
        ("socket://[2001:DB8:0:0::0001]", {"host": "2001:db8::1"}),
        ("socket://[FE80:0::1%25eth0]", {"host": "fe80::1%eth0"}),
        ("socket://printer3", {"host": "printer3"}),
        ("socket://3.example", {"host": "3.example"}),
        ("socket://b%C3%BCro-3", {"host": "büro-3"}),
        (
            "socket://ann:se%3Acret@printer",
            {"host": "printer", "user": "ann", "password": "se:cret"},
        ),
        ("socket://ann@printer", {"host": "printer", "user": "ann"}),
        ("socket://@printer", {"host": "printer"}),
        (
            "socket://h?a=1&b=2+3%2B4&&c=",
            {"host": "h", "options": {"a": "1", "b": "2 3+4", "c": ""}},
        ),
        ("socket://h?description=a=b", {"host": "h", "options": {"description": "a=b"}}),
        ("socket://h?", {"host": "h"}),
        ("file:///var/spool/a%20b%3f", {"path": "/var/spool/a b?"}),
        ("file:jobs", {"path": "jobs"}),
        ("file:///%ff", {"path": os.fsdecode(b"/\xff")}),
        ("serial:/dev/ttyS0?baud=9600", {"path": "/dev/ttyS0", "options": {"baud": "9600"}}),
        ("x+y-z.1:", {}),
    ],
)
def test_parts(text: str, parts: dict[str, Any]) -> None:
    """A URI is taken apart as RFC 3986 says, and decoded after that."""
    scheme = text.partition(":")[0].lower()

    assert parse(text) == DeviceURI(scheme, **parts)


@given(st.text())
@example("socket://[")
@example("socket://[::1]x")
@example("socket://a:b:c")
@example("socket://%ff%00?%ff=%ff")
@example("file:///\udcff")
@example("socket://\udcff:\udcff@h")
def test_anyText(text: str) -> None:
    """Whatever somebody types, it is a device URI or a ValueError."""
    for beginning in ("", "socket:", "socket://", "socket://h?", "file:///"):
        try:
            parse(beginning + text)
        except ValueError as why:
            assert str(why)


@given(st.sampled_from(["description", "finish-timeout", "early-close"]), st.text(), st.text())
def test_anyOptions(name: str, value: str, rest: str) -> None:
    """A known scheme with whatever options gives a transport or a ValueError."""
    try:
        transportFor(MemoryReactorClock(), f"socket://h?{name}={value}&{rest}")
    except ValueError as why:
        assert str(why)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["not a device URI", "socket://printer:9100"]),
        ("a printer", ["not a device URI", "socket://printer:9100"]),
        ("1socket://h", ["not a device URI"]),
        ("socket://h#top", ["not a device URI"]),
        ("socket://a@b@c", ["%40 for @"]),
        ("socket://h:port", ["port 'port'", "1 to 65535"]),
        ("socket://h:", ["port ''", "1 to 65535"]),
        ("socket://h:0", ["port '0'", "1 to 65535"]),
        ("socket://h:65536", ["port '65536'", "1 to 65535"]),
        ("socket://h:99999999999999999999", ["port '9999"]),
        ("socket://h:+9100", ["port '+9100'"]),
        ("socket://h:٩", ["port '٩'"]),
        ("socket://2001:db8::1", ["host:9100", "[ipv6]:9100"]),
        ("socket://[::1", ["host:9100", "[ipv6]:9100"]),
        ("socket://[::1]9100", ["host:9100", "[ipv6]:9100"]),
        ("socket://[printer]", ["'printer'", "not an IPv6 address"]),
        ("socket://[192.0.2.1]", ["'192.0.2.1'", "not an IPv6 address"]),
        ("socket://192.0.2.300", ["'192.0.2.300'", "not an IPv4 address"]),
        ("192.0.2.300:9100", ["'192.0.2.300'", "not an IPv4 address"]),
        ("lpd://192.0.2/queue", ["'192.0.2'", "not an IPv4 address"]),
        ("ipp://192.0.2.1.", ["'192.0.2.1.'", "not an IPv4 address"]),
        ("socket://010.0.0.1", ["'010.0.0.1'", "not an IPv4 address"]),
        ("socket://0.0.0.0", ["0.0.0.0 is the address of no printer"]),
        ("socket://[::]", [":: is the address of no printer"]),
        ("socket://[fe80::1%25]", ["not an IPv6 address"]),
        ("socket://255.255.255.255", ["is the address of no printer"]),
        ("socket://239.1.2.3", ["is the address of no printer"]),
        ("socket://a b", ["'a b'", "not a host name"]),
        ("socket://a..b", ["'a..b'", "not a host name"]),
        ("socket://%00", ["'%00'", "not a host name"]),
        ("socket:", ["a host is missing", "socket://HOST"]),
        ("socket:h", ["a host is missing", "socket://HOST"]),
        ("socket://", ["a host is missing", "socket://HOST"]),
        ("socket://:9100", ["a host is missing", "socket://HOST"]),
        ("socket://h/queue", ["no path", "'/queue'"]),
        ("socket://h?finish-timeout", ["'finish-timeout' has no value", "finish-timeout=VALUE"]),
        ("socket://h?description=%zz", ["option description", "write %25 for a % itself"]),
        ("socket://h?prolog=%1b%45%0", ["option prolog", "write %25 for a % itself"]),
        ("socket://h?epilog=100%", ["option epilog", "write %25 for a % itself"]),
        ("socket://h?prol%og=a", ["an option's name", "write %25 for a % itself"]),
        ("file:///srv/100%/jobs", ["the path", "write %25 for a % itself"]),
        ("file:///srv/%4", ["the path", "write %25 for a % itself"]),
        ("socket://h%zz", ["the host", "write %25 for a % itself"]),
        ("socket://h?description=a%0ab", ["description=", "one line that can be shown"]),
        ("socket://h?description=%1b[31mred", ["description=", "one line that can be shown"]),
        ("socket://h?description=a%e2%80%aeb", ["description=", "one line that can be shown"]),
        ("socket://h?description=a&description=b", ["'description' is given twice"]),
        ("socket://h?finish-timeout=soon", ["finish-timeout=soon", "2.5, 5m or 1h"]),
        ("socket://h?finish-timeout=-1", ["finish-timeout=-1", "2.5, 5m or 1h"]),
        ("socket://h?finish-timeout=nan", ["finish-timeout=nan", "2.5, 5m or 1h"]),
        ("socket://h?finish-timeout=inf", ["finish-timeout=inf", "2.5, 5m or 1h"]),
        ("socket://h?finish-timeout=", ["finish-timeout=:", "2.5, 5m or 1h"]),
        ("socket://h?early-close=yes", ["early-close=yes", "say ok"]),
        (
            "socket://h?earlyclose=ok",
            ["'earlyclose'", "description", "early-close", "finish-timeout"],
        ),
        ("file:///tmp?finish-timeout=1", ["'finish-timeout'", "description"]),
        ("lpr://h/q", ["'lpr'", "file (file:///", "socket (socket://printer:9100)"]),
        ("file:", ["directory is missing", "file:///DIRECTORY"]),
        ("file://printer/tmp", ["no host", "file:///DIRECTORY"]),
        ("file://localhost:21/tmp", ["no host", "file:///DIRECTORY"]),
        ("file:///tmp/a%00b", ["NUL"]),
    ],
)
def test_error(text: str, said: list[str]) -> None:
    """An error names the wrong thing, and what there is instead."""
    told = error(text)

    for words in said:
        assert words in told


@pytest.mark.parametrize(
    "place", ["h:port", "[x]", "a b", "1::2", "h/p", "", "h?x=1", "h?x", "h#f"]
)
@pytest.mark.parametrize("scheme", ["socket", "lpr", "file", "1"])
@pytest.mark.parametrize("who", ["us3r:s3cret", "us3r", ":s3cret"])
def test_errorShowsNoSecret(scheme: str, place: str, who: str) -> None:
    """Whatever is wrong with a URI, user and password are not repeated."""
    text = f"{scheme}://{who}@{place}"
    told = error(text)
    try:
        parse(text)
    except ValueError as why:
        told += str(why)

    assert "us3r" not in told
    assert "s3cret" not in told


@pytest.mark.parametrize("between", "/?")
def test_errorShowsNoBadlyWrittenSecret(between: str) -> None:
    """A password with a letter in it that should be percent-encoded is one all the same."""
    told = error(f"socket://us3r:s3c{between}ret@printer")

    assert "s3c" not in told
    assert "ret@" not in told


@pytest.mark.parametrize(
    "option", ["prolog=%1BE", "epilog=%00%FF", "form-feed=on", "newlines=crlf"]
)
def test_dressing(option: str) -> None:
    """Bytes around or in a job must be asked for, and change nothing else of its printer."""
    plain, dressed = (
        transportFor(MemoryReactorClock(), f"socket://h?description=a{more}")
        for more in ("", f"&{option}")
    )

    assert type(plain) is SocketTransport
    assert type(dressed) is DressedTransport
    assert (dressed.uri, dressed.description, dressed.reaches) == (
        plain.uri,
        plain.description,
        plain.reaches,
    )


@pytest.mark.parametrize("option", ["form-feed=paper", "newlines=lf", "form-feed="])
def test_errorInDressing(option: str) -> None:
    """A value that a common option does not have is an error like any other."""
    assert option in error(f"socket://h?{option}")


@pytest.mark.parametrize("rest", ["s3cret!@printer", "h:s3cret@printer", "[s3cret]@printer"])
def test_errorShowsNoSecretBehindAnAt(rest: str) -> None:
    """A password with an at sign in it is one to its end."""
    assert "s3cret" not in error(f"socket://us3r:p@{rest}")


def test_errorShowsNoSecretInAPath() -> None:
    """A password that can be taken for a port and a path is one all the same."""
    assert "s3cret" not in error("socket://us3r:123/s3cret@printer")


def test_errorBesideAnAddress() -> None:
    """An error in an option is told, though another option has an at sign in it."""
    assert "'early-close'" in error("socket://h:9100?description=me@home&early-close")


@pytest.mark.parametrize("userinfo", ["ann:s3cret%", "s3cret%zz:a", "ann:%s3cret"])
def test_errorShowsNoBadlyEncodedSecret(userinfo: str) -> None:
    """A password with a bare percent sign is refused without being shown."""
    said = error(f"ipp://{userinfo}@printer/ipp/print")
    assert "user name or password" in said and "%25" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("text", ["100 %25", "M%C3%BCller+%2B+Sohn", "a/b?c=d", "\u2116 3"])
def test_descriptionThatCanBeShown(text: str) -> None:
    """Letters of any language and signs are a description."""
    assert transportFor(MemoryReactorClock(), f"socket://h?description={text}").description


def test_descriptionThatIsNotText() -> None:
    """A description can be written into a log, whatever it was made of."""
    parse("socket://h?description=%ff").description.encode()


def test_pathThatIsNotText() -> None:
    """A directory whose name is not UTF-8 can be named as it is, as by percent-encoding."""
    raw = os.fsdecode(b"file:///spool/\xff")

    assert parse(raw) == parse("file:///spool/%ff")


def test_secretsAreNotShown() -> None:
    """Neither a parsed URI nor a transport shows the password."""
    uri = parse("ipp://ann:s3cret@printer")
    assert "s3cret" not in repr(uri)

    transport = transportFor(MemoryReactorClock(), "ipp://ann:s3cret@printer")
    assert transport.uri == "ipp://printer:631/ipp/print"
    assert "s3cret" not in f"{transport.description} {transport!r}"


@pytest.mark.parametrize("sign", ["?", ";", ","])
def test_otherSeparator(sign: str) -> None:
    """An option behind another sign than & would be a part of the value before it."""
    reactor = MemoryReactorClock()
    with pytest.raises(ValueError, match="write & before gap="):
        transportFor(reactor, f"socket://h?description=A{sign}gap=3")
    shown = transportFor(reactor, f"socket://h?description=A%{ord(sign):02X}gap=3").description
    assert shown == f"A{sign}gap=3"
    assert transportFor(reactor, f"socket://h?description=A{sign}b=3").description


@pytest.mark.parametrize("login", ["ann:s3cret", "ann", ":s3cret"])
@pytest.mark.parametrize(
    "text",
    ["socket://{}@h", "socket+tls://{}@h", "file://{}@/tmp", "usb://{}@Acme/Jet", "lpd://{}@h/q"],
)
def test_uselessLogin(login: str, text: str) -> None:
    """A user name or a password that would be sent nowhere is refused, and not shown."""
    if text.startswith("lpd") and login == "ann":
        return  # LPD tells the user of a job
    with pytest.raises(ValueError, match="leave it out, before the @") as caught:
        transportFor(MemoryReactorClock(), text.format(login))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "uri", "description"),
    [
        ("socket://printer", "socket://printer:9100", "printer:9100"),
        ("socket://printer:9101/", "socket://printer:9101", "printer:9101"),
        ("socket://[2001:db8::1]", "socket://[2001:db8::1]:9100", "[2001:db8::1]:9100"),
        ("socket://printer?description=Ward+3", "socket://printer:9100", "Ward 3"),
        ("socket://printer?description=", "socket://printer:9100", "printer:9100"),
    ],
)
def test_socketTransport(text: str, uri: str, description: str) -> None:
    """A printer on TCP is port 9100, and called by its address unless it is given a name."""
    transport = socketFor(text)

    assert (transport.uri, transport.description) == (uri, description)


def test_socketOptions() -> None:
    """The options of a socket URI reach its transport; without any it is strict and patient."""
    plain = socketFor("socket://printer")
    special = socketFor("socket://printer?early-close=ok&finish-timeout=2.5")

    assert (plain.finishTimeout, plain.earlyClose) == (90.0, False)
    assert (special.finishTimeout, special.earlyClose) == (2.5, True)


@pytest.mark.parametrize("text", ["file://{}", "file:{}", "file://localhost{}", "FILE://{}"])
def test_fileTransport(text: str, tmp_path: Any) -> None:
    """A directory can be written as a URI in all of RFC 8089's ways."""
    transport = transportFor(MemoryReactorClock(), text.format(tmp_path) + "?description=Vault")

    assert isinstance(transport, FileTransport)
    assert (transport.directory, transport.description) == (str(tmp_path), "Vault")


@pytest.mark.parametrize(
    ("text", "time"), [("0", 0), ("90", 90), ("2.5", 2.5), (".5", 0.5), ("1.", 1), ("007", 7)]
)
def test_seconds(text: str, time: float) -> None:
    """A time is a number of seconds, with decimals if need be."""
    assert seconds(text) == time


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", "inf", "nan", " 1", "1 ", "1_0", "٩", "1,5", ".", "9" * 400]
)
def test_notSeconds(text: str) -> None:
    """What is not a number of seconds, or no time that ends, is not a time."""
    with pytest.raises(ValueError):
        seconds(text)


def test_description() -> None:
    """A URI without a description has an empty one."""
    assert parse("socket://h").description == ""
    assert parse("socket://h?description=Ward%203").description == "Ward 3"


def test_schemesInOrder() -> None:
    """The schemes are known by name, in alphabetical order."""
    known = schemes()

    assert list(known) == sorted(known)
    assert {"file", "socket"} <= set(known)
    for scheme, plugin in known.items():
        assert plugin.scheme == scheme
        assert plugin.example.startswith(f"{scheme}:")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("socket://h?snmp=on&community=s3cret&gap=1", "socket://h?snmp=on&community=...&gap=1"),
        ("socket://h?c%6fmmunity=s3cret&a=b", "socket://h?c%6fmmunity=...&a=b"),
        ("socket://h?Community=s3cret", "socket://h?Community=..."),
        ("socket://h?%zz=%&community=s3cret%", "socket://h?%zz=%&community=..."),
        ("socket://h&community=s3 cret", "socket://h&community=..."),
        ("ipp://ann:s3cret@h/a?b=c", "...@h/a?b=c"),
        ("socket://h?description=my-community=x", "socket://h?description=my-community=x"),
        ("socket://h", "socket://h"),
    ],
)
def test_withoutSecrets(text: str, shown: str) -> None:
    """What is shown of a URI, as it was typed, has no password and no community."""
    assert withoutSecrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "socket://printer?description=100%",
        "socket://printer?description=%zz",
        "socket://printer?prolog=%1b%45%0",
        "socket://print%er",
        "file:/a%b",
        "ipp://bob:sesame%@printer/",
    ],
)
def test_badEscape(text: str) -> None:
    """A percent sign that begins no escape is not taken for itself: what was meant is not known."""
    with pytest.raises(ValueError, match="write %25") as caught:
        parse(text)
    assert "sesame" not in str(caught.value)
