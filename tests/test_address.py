"""
Addresses in PORT and EPRT: read strictly, because a lenient reader is a bounce.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.address import (
    UnknownFamily,
    hostPort,
    isIPv6,
    parseExtendedPort,
    parsePort,
    plainHost,
)

MALFORMED_PORTS = [
    "",
    "a,b",
    "1,2,3",
    "127,0,0,1,4",
    "127,0,0,1,4,5,6",
    "127,0,0,1,4,",
    ",127,0,0,1,4,5",
    "127,0,0,1,4,5,",
    "127,0,0,256,4,5",
    "127,0,0,1,256,5",
    "127,0,0,1,4,65536",
    "127,0,0,1,4,-5",
    "127,0,0,1,4,+5",
    "127,0,0,1,4,1_0",
    "127,0,0,1,4, 5",
    " 127,0,0,1,4,5",
    "127,0,0,1,4,5 ",
    "127, 0, 0, 1, 4, 5",
    "127.0.0.1,4,5",
    "127,0,0,0x1,4,5",
    "127,0,0,1,4,5\n",
    "127,0,0,1,4,5\x00",
    "127,0,0,1,4,\u0665",
    "\uff1127,0,0,1,4,5",
    "127,0,0,1,4,\xb2",
    "127,0,0,0001,4,5",
    "localhost",
    "\udcff,0,0,1,4,5",
]

MALFORMED_EXTENDED_PORTS = [
    "",
    "|",
    "|||",
    "|1|127.0.0.1|2121",
    "1|127.0.0.1|2121|",
    "|1|127.0.0.1|2121||",
    "|1|127.0.0.1|2121|x",
    "|1|127.0.0.1|2121| ",
    "|1|127.0.0.1|65536|",
    "|1|127.0.0.1|100000|",
    "|1|127.0.0.1|-1|",
    "|1|127.0.0.1|+1|",
    "|1|127.0.0.1|1_0|",
    "|1|127.0.0.1| 1|",
    "|1|127.0.0.1||",
    "|1|127.0.0.1|\u0662121|",
    "|1||2121|",
    "|1|localhost|2121|",
    "|1|2130706509|2121|",
    "|1|0x7f000001|2121|",
    "|1|127.1|2121|",
    "|1|127.0.0.1.|2121|",
    "|1|127.0.0.01|2121|",
    "|1|127.0.0.\u0661|2121|",
    "|1|127.0.0.1\x00|2121|",
    "|1|::1|2121|",
    "|2|127.0.0.1|2121|",
    "|2|[::1]|2121|",
    "|2|:::1|2121|",
    "|2|::1::|2121|",
    "||127.0.0.1|2121|",
    "|+1|127.0.0.1|2121|",
    "|\u0662|::1|2121|",
    "| 1|127.0.0.1|2121|",
    " 1 127.0.0.1 2121 ",
    "é1é127.0.0.1é2121é",
    "\udcff1\udcff127.0.0.1\udcff2121\udcff",
    "\x7f1\x7f127.0.0.1\x7f2121\x7f",
]


@pytest.mark.parametrize("argument", MALFORMED_PORTS)
def test_malformedPort(argument: str) -> None:
    """PORT takes six plain decimal numbers up to 255, and nothing else that int() would."""
    with pytest.raises(ValueError):
        parsePort(argument)


@given(*[st.integers(0, 255)] * 6)
def test_port(a: int, b: int, c: int, d: int, high: int, low: int) -> None:
    """The first four numbers are the address, the last two the port."""
    assert parsePort(f"{a},{b},{c},{d},{high},{low}") == (f"{a}.{b}.{c}.{d}", high * 256 + low)


@given(st.text(max_size=30) | st.text("|0123456789.:,af ", max_size=30))
def test_anyText(text: str) -> None:
    """Whatever a client writes, there is an address or a ValueError."""
    for parse in (parsePort, parseExtendedPort):
        try:
            host, port = parse(text)
        except ValueError:
            continue
        assert plainHost(host) == host
        assert 0 <= port < 65536


@pytest.mark.parametrize("argument", MALFORMED_EXTENDED_PORTS)
def test_malformedExtendedPort(argument: str) -> None:
    """EPRT takes the form of RFC 2428 with a numeric address of its family, and nothing else."""
    with pytest.raises(ValueError) as caught:
        parseExtendedPort(argument)
    assert not isinstance(caught.value, UnknownFamily)


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("|1|132.235.1.2|6275|", ("132.235.1.2", 6275)),
        ("|2|1080::8:800:200C:417A|5282|", ("1080::8:800:200c:417a", 5282)),
        ("|2|::1|65535|", ("::1", 65535)),
        ("!1!10.0.0.1!0!", ("10.0.0.1", 0)),
        ("~1~10.0.0.1~80~", ("10.0.0.1", 80)),
        ("a1a10.0.0.1a80a", ("10.0.0.1", 80)),
        ("|2|0:0:0:0:0:0:0:1|1024|", ("::1", 1024)),
        ("|2|::ffff:127.0.0.77|1024|", ("127.0.0.77", 1024)),
        ("|2|::FFFF:7f00:4d|1024|", ("127.0.0.77", 1024)),
    ],
)
def test_extendedPort(argument: str, wanted: tuple[str, int]) -> None:
    """Any printable character may separate; the address comes out in its one plain form."""
    assert parseExtendedPort(argument) == wanted


@pytest.mark.parametrize("family", ["0", "3", "12", "01"])
def test_unknownFamily(family: str) -> None:
    """A family of another number is told apart: it has a code of its own (522)."""
    with pytest.raises(UnknownFamily):
        parseExtendedPort(f"|{family}|127.0.0.1|2121|")


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::192.0.2.1", "::192.0.2.1"),
        ("", ""),
        ("/run/jetftp.sock", "/run/jetftp.sock"),
    ],
)
def test_plainHost(host: str, plain: str) -> None:
    """An IPv4-mapped address is the IPv4 address; all others stay."""
    assert plainHost(host) == plain


def test_family() -> None:
    """A colon tells IPv6 from IPv4."""
    assert isIPv6("::1")
    assert not isIPv6("127.0.0.1")
    assert not isIPv6("")


@pytest.mark.parametrize("said", ["127,0,0,1,159,212", "192,0,2,255,0,21", "0,0,0,0,255,255"])
def test_hostPort(said: str) -> None:
    """What the 227 says is what PORT understands."""
    assert hostPort(*parsePort(said)) == said
