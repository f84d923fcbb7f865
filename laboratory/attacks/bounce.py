"""
FTP bounce (A1 to A3): data connections to third hosts and privileged ports, or before their time.
"""

from __future__ import annotations

import contextlib
import random
import re
import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from laboratory.attacks.figures import Figures
from laboratory.attacks.victim import GATEWAY, OWNER, Victim
from laboratory.attacks.wire import Wire, assertReplies
from tests.support.peer import PATIENCE

#: Who must not be called.  The first is the gateway itself, where its printer listens too.
THIRD_HOSTS = (GATEWAY, "127.0.0.77", "127.1.2.3", "127.255.255.254")

#: How often a port is looked for that is free at all hosts.
TRIES = 10

_PRIVILEGED = (1023, 1022, 1021)
_NOISE = "0123456789,|.:+-_ xabcdef\t\u0661\uff17\xb2%"


class Trap:
    """
    Listeners on one port of several hosts, and on a privileged port if this process may.

    Whoever calls is counted and hung up on.

    @ivar port: the unprivileged one.
    @ivar privileged: the other one; C{None}: none could be had.
    """

    def __init__(self, own: str, hosts: tuple[str, ...]) -> None:
        self._all = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._found: Counter[tuple[str, int]] = Counter()
        self._listeners = self._everywhere(own, hosts)
        self.port: int = self._listeners[0].getsockname()[1]
        self.privileged = None
        for port in _PRIVILEGED:
            with contextlib.suppress(OSError):
                self._listeners += [self._listener(host, port) for host in (own, *hosts)]
                self.privileged = port
                break
        self._end, watched = socket.socketpair()
        self._all.enter_context(watched)
        self._watcher = threading.Thread(target=self._watch, args=[watched], daemon=True)
        self._watcher.start()

    def _everywhere(self, own: str, hosts: tuple[str, ...]) -> list[socket.socket]:
        # One port at all of them; a program that connects from one of them may have it there.
        for _ in range(TRIES):
            first = self._listener(own, 0)
            port = first.getsockname()[1]
            try:
                return [first, *(self._listener(host, port) for host in hosts)]
            except OSError as why:
                taken = why
                self._all.close()
        raise taken

    def _listener(self, host: str, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        with contextlib.ExitStack() as failing:
            failing.enter_context(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
            listener.setblocking(False)
            failing.pop_all()
        return self._all.enter_context(listener)

    def __enter__(self) -> Trap:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._watcher.join(PATIENCE)
        self._all.close()

    def _watch(self, end: socket.socket) -> None:
        while end not in select.select([*self._listeners, end], [], [])[0]:
            self._answer()

    def _answer(self) -> None:
        with self._lock:
            for listener in self._listeners:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        wire, _ = listener.accept()
                        wire.close()
                        host, port, *_rest = listener.getsockname()
                        self._found[host, port] += 1

    def calls(self) -> Counter[tuple[str, int]]:
        """
        The listeners that were called since the last time: on this machine a connection is there at
        once.
        """
        self._answer()
        with self._lock:
            found, self._found = self._found, Counter()
        return found


def forms(host: str) -> list[str]:
    """An IPv4 address as somebody may write it who hopes that it is not recognised."""
    number = int(IPv4Address(host))
    parts = host.split(".")
    return [
        host,
        f"::ffff:{host}",
        f"::FFFF:{number >> 16:x}:{number & 0xFFFF:x}",
        f"::{host}",
        f"64:ff9b::{host}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1",
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(f"0{int(part):o}" for part in parts),
        ".".join(f"{part:0>3}" for part in parts),
        f"{parts[0]}.{int(IPv4Address(host)) & 0xFFFFFF}",
        f"{host}.",
        f" {host}",
        f"[::ffff:{host}]",
        f"::ffff:{host}%lo",
    ]


def arguments(seed: int, own: str, trap: Trap) -> Iterator[tuple[str, str]]:
    """Verbs and arguments without end, the same for the same seed."""
    chance = random.Random(seed)
    ports = [trap.port] * 8 + [trap.privileged or 22, 0, 21, 22, 1023, 65536, -1, 65536 + 22]
    others = [host for host in THIRD_HOSTS if host != own] + ["::1", "localhost", "0.0.0.0"]
    while True:
        host, port = chance.choice([own, *others]), chance.choice(ports)
        dotted = re.fullmatch(r"[\d.]+", host) is not None
        written = chance.choice(forms(host)) if dotted and chance.random() < 0.5 else host
        sign = chance.choice(["", "+", " ", "0"]) if chance.random() < 0.3 else ""
        if dotted and chance.random() < 0.4:
            high, low = divmod(port, 256)
            verb, argument = "PORT", f"{written.replace('.', ',')},{sign}{high},{sign}{low}"
        else:
            family = "2" if ":" in written else "1"
            family = chance.choice(["1", "2", "0", "3", ""]) if chance.random() < 0.2 else family
            mark = chance.choice("!/a1") if chance.random() < 0.1 else "|"
            verb, argument = "EPRT", mark.join(["", family, written, f"{sign}{port}", ""])
        while chance.random() < 0.2:
            at = chance.randrange(len(argument) + 1)
            argument = argument[:at] + chance.choice(_NOISE) + argument[at + chance.randrange(2) :]
        yield verb, argument


def isOwn(verb: str, argument: str, own: str) -> bool:
    """Does the argument, by the letter of the RFCs, name an unprivileged port of C{own}?"""
    # 0.0.0.0 and "::" are what clients say that do not know: the sender, and nobody else.
    found = re.fullmatch(r"(\d+,\d+,\d+,\d+),(\d+),(\d+)", argument, re.ASCII)
    if verb == "PORT" and found:
        host = ".".join(str(int(part)) for part in found[1].split(","))
        return host in (own, "0.0.0.0") and int(found[2]) * 256 + int(found[3]) >= 1024
    parts = argument.split(argument[:1]) if argument else []
    if verb != "EPRT" or len(parts) != 5:
        return False
    address = ip_address(parts[2])
    plain = getattr(address, "ipv4_mapped", None) or address
    mine = plain.is_unspecified or str(plain) == own
    digits = parts[3].isascii() and parts[3].isdigit()
    return mine and digits and 1024 <= int(parts[3]) <= 65535


def strings(place: Path, count: int, seed: int = 1, own: str = OWNER) -> Figures:
    """
    So many PORT and EPRT, each followed by an upload.

    Who was called is asked of the listeners; what was accepted is read again by other rules.
    """
    codes: Counter[str] = Counter()
    calls: Counter[tuple[str, int]] = Counter()
    host = "::1" if ":" in own else GATEWAY
    listen = r"tcp6:0:interface=\:\:1" if ":" in own else f"tcp:0:interface={GATEWAY}"
    third = THIRD_HOSTS if own != "::1" else (*THIRD_HOSTS, OWNER)
    with Trap(own, third) as trap, Victim(place, "--port", listen, keep=False) as victim:
        source = arguments(seed, own, trap)
        wire = Wire(victim.port, own, host, login=True)
        for _ in range(count):
            verb, argument = next(source)
            reply = wire.say(f"{verb} {argument}")
            codes[reply[:3].decode()] += 1
            assertReplies(reply)
            if reply[:3] == b"200":
                assert isOwn(verb, argument.strip(), own), (verb, argument)
                assert wire.say("NOOP")[:3] == b"200"
                assert not trap.calls(), f"{verb} {argument}: called before any upload"
            else:
                assert reply[:3] in (b"501", b"504", b"522"), (verb, argument, reply)
            upload = wire.say("STOR page")
            if upload[:3] == b"150":
                upload = wire.reply()
            assert upload[:3] in (b"425", b"451", b"226"), upload
            calls += trap.calls()
        allowed = calls.pop((own, trap.port), 0)
        assert not calls, calls
        wire.socket.close()
        if host == GATEWAY:
            victim.works()
    return {
        "strings": count,
        "replies": dict(sorted(codes.items())),
        "privileged port tried": trap.privileged or "not permitted here",
        "connections to the sender itself": allowed,
        "connections to third hosts and privileged ports": calls.total(),
    }


def notBefore150(place: Path, count: int) -> Figures:
    """
    A job that waits for its turn at the printer: its data connection is dialled behind the 150.
    """
    early = late = 0
    with Trap(OWNER, ()) as trap, Victim(place, keep=False) as victim:
        for _ in range(count):
            with Wire(victim.port, login=True) as first, Wire(victim.port, login=True) as second:
                number = re.search(rb"(\d+)\|\)", first.say("EPSV"))
                assert number is not None
                with socket.create_connection((GATEWAY, int(number[1])), PATIENCE, (OWNER, 0)):
                    assert first.say("STOR first")[:3] == b"150"
                    high, low = divmod(trap.port, 256)
                    argument = f"{OWNER.replace('.', ',')},{high},{low}"
                    assert second.say(f"PORT {argument}")[:3] == b"200"
                    second.send(b"STOR second\r\n")
                    assert second.say("NOOP")[:3] == b"200"  # at once, for the other one waits
                    early += trap.calls().total()
                assert first.reply()[:3] == b"226"
                assert second.reply()[:3] == b"150"
                assert second.reply()[:3] in (b"226", b"451")
                late += trap.calls().total()
    assert (early, late) == (0, count)
    return {"uploads": count, "dialled before 150": early, "dialled after it": late}
