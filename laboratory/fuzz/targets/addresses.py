"""
The arguments of PORT and EPRT: exactly RFC 959's and RFC 2428's forms are taken, nothing but
L{ValueError} is raised, and what comes back is one printable address and a port of 16 bits.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address

from jetdirect.ftp.address import parseExtendedPort, parsePort, plainHost
from jetdirect.ftp.text import decoded
from jetdirect.networks import isInside

TOKENS = (b"127,0,0,1,4,1", b"|1|127.0.0.1|5000|", b"|2|::1|5000|", b"::ffff:", b"%eth0", b"255")


def check(data: bytes) -> None:
    """C{data} is an argument as it came over the wire."""
    text = decoded(data)
    _port(text)
    _extended(text)
    plainHost(text)
    assert not isInside(text, ())


def _port(text: str) -> None:
    parts = text.split(",")
    wanted = len(parts) == 6 and all(_isOctet(part) for part in parts)
    try:
        host, number = parsePort(text)
    except ValueError:
        assert not wanted, text
        return
    assert wanted, text
    octets = [int(part) for part in parts]
    assert [int(octet) for octet in host.split(".")] == octets[:4], (text, host)
    assert divmod(number, 256) == tuple(octets[4:]), (text, number)


def _isOctet(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,3}", text)) and int(text) < 256


def _extended(text: str) -> None:
    parts = text[1:].split(text[:1]) if text else []
    wanted = len(parts) == 4 and "!" <= text[0] <= "~" and not parts[3]
    try:
        host, number = parseExtendedPort(text)
    except ValueError:
        assert not (wanted and _isAddress(parts[0], parts[1]) and _isPort(parts[2])), text
        return
    assert wanted and _isPort(parts[2]) and number == int(parts[2]), (text, number)
    bare, meant = host.partition("%")[0], plainHost(parts[1]).partition("%")[0]
    assert ip_address(bare) == ip_address(meant), (text, host)
    assert re.fullmatch(r"[0-9a-f:.]+(%[!-~]+)?", host), (text, host)
    assert "::ffff:" not in host or "." not in host, (text, host)


def _isAddress(family: str, text: str) -> bool:
    kinds = {"1": socket.AF_INET, "2": socket.AF_INET6}
    try:
        return bool(socket.inet_pton(kinds[family], text))
    except (KeyError, OSError, UnicodeError, ValueError):
        return False


def _isPort(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", text)) and int(text) < 65536
