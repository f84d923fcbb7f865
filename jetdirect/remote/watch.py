"""
The verb C{watch}: what the gateway is at, live.

On a terminal it is one page that is written again and again; elsewhere a line for each thing that
happens, for a log or another program.
"""

from __future__ import annotations

import argparse
import json
import select
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..verb import Refused, Verb
from . import words
from .wire import add, ask

EVERY = 2.0
"""Seconds between two looks (chosen): a look at a thousand ports takes the gateway some
milliseconds."""

ENDED = 50
"""Jobs that are looked at: more in two seconds than a person can read (chosen)."""

_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


def _watch(said: argparse.Namespace) -> int:
    # SIGTERM ends it as ^C does: the terminal is to be left as it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    onTerminal = sys.stdout.isatty() and not said.json
    look = _Look(said)
    try:
        if onTerminal:
            sys.stdout.write(_ENTER)
        while True:
            look.again()
            if onTerminal:
                size = shutil.get_terminal_size()
                _draw(page(look, size.columns, size.lines))
            else:
                for line in look.news():
                    print(line, flush=True)
            if _readerGone(said.every):
                raise BrokenPipeError
    except KeyboardInterrupt:
        return 0
    finally:
        if onTerminal:
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()


def _readerGone(seconds: float) -> bool:
    # After that time: it is there. A reader that has seen enough is else known at the next news.
    poll = select.poll()
    poll.register(sys.stdout, 0)  # of errors it tells in any case
    return bool(poll.poll(seconds * 1000))


class _Look:
    """
    What there is now.

    @ivar ports: the printing ports; C{jobs}: the last jobs, the newest first.
    @ivar away: why the gateway does not answer; empty: it does.
    """

    def __init__(self, said: argparse.Namespace) -> None:
        self.ports: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.away = ""
        self._said = said
        self._seen: dict[str, object] = {}
        self._first = True

    def again(self) -> None:
        """
        Look.

        @raise Refused: the first time, when there is no gateway; later it may come back.
        """
        try:
            self.ports = ask(self._said, "GET", "/api/ports")["ports"]
            self.jobs = ask(self._said, "GET", f"/api/jobs?limit={ENDED}")["jobs"]
            self.away = ""
        except Refused as refused:
            if self._first:
                raise
            self.away = str(refused)
        self._first = False

    def news(self) -> Iterator[str]:
        """A line for each thing that is otherwise than at the last look."""
        things = [("gateway", {"state": self.away or "answers"}, "gateway")]
        things += [(f"port {each['name']}", _portFacts(each), "port") for each in self.ports]
        things += [(f"job {each['number']}", _jobFacts(each), "job") for each in self.jobs[::-1]]
        began, seen = not self._seen, self._seen
        self._seen = {name: what for name, what, _ in things}
        for name, what, kind in things:
            if seen.get(name) == what or (began and kind == "gateway" and not self.away):
                continue
            if self._said.json:
                yield json.dumps({"time": _now(), kind: name.partition(" ")[2] or name, **what})
            else:
                yield f"{_now()}  {words.word(name)}: {words.word(', '.join(_details(what)))}"


def _portFacts(port: dict[str, Any]) -> dict[str, Any]:
    said = port["message"] or ", ".join(port["reasons"])
    return {"state": port["state"], "why": said, "queued": port["queued"], "held": port["held"]}


def _jobFacts(job: dict[str, Any]) -> dict[str, Any]:
    what = {"port": job["port"], "state": job["state"], "why": job["reason"]}
    return {**what, "name": job["name"], "user": job["user"]}


def _details(what: dict[str, Any]) -> Iterator[str]:
    yield what["state"]
    if what.get("why"):
        yield what["why"]
    for name in ("queued", "held"):
        if what.get(name):
            yield f"{what[name]} {name}"
    if "port" in what:
        yield f"on {what['port']}: {what['name']} of {what['user']}"


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def page(look: _Look, columns: int, lines: int) -> list[str]:
    """One page for a terminal of this size: the ports, those in trouble first, then the jobs."""
    stopped = sum(each["state"] == "stopped" for each in look.ports)
    queued = sum(each["queued"] for each in look.ports)
    held = sum(each["held"] for each in look.ports)
    head = f"{len(look.ports)} ports, {stopped} stopped, {queued} queued, {held} held"
    right = f"{datetime.now():%H:%M:%S}  ^C ends"
    room = max(lines - 5, 2)
    ports = sorted(look.ports, key=_urgency)
    jobs = sorted(look.jobs, key=lambda each: each["outcome"] is not None)
    most = max(room - min(len(jobs), room // 2), 1)
    shown = [
        f"{head}{right.rjust(max(columns - len(head), len(right) + 2))}",
        f"NO ANSWER: {words.word(look.away)}" if look.away else "",
        *words.ports(ports[:most], columns),
        *([f"and {len(ports) - most} ports more"] if len(ports) > most else []),
        "",
        *words.jobs(jobs, columns),
    ]
    return [line[:columns] for line in shown[:lines]]


def _urgency(port: dict[str, Any]) -> tuple[bool, bool, bool]:
    return (port["state"] != "stopped", not port["held"], port["job"] is None)


def _draw(page: Sequence[str]) -> None:
    sys.stdout.write(_HOME + "".join(f"{line}{_CLEAR_LINE}\r\n" for line in page[:-1]))
    sys.stdout.write(f"{page[-1]}{_CLEAR_LINE}{_CLEAR_BELOW}")
    sys.stdout.flush()


def _seconds(text: str) -> float:
    with suppress(ValueError):
        seconds = float(text)
        if 0 < seconds <= 3600:
            return seconds
    raise argparse.ArgumentTypeError(f"{text} is no number of seconds up to 3600")


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)
    parser.add_argument(
        "--every", metavar="SECONDS", type=_seconds, default=EVERY, help="how often [%(default)g]"
    )


VERBS = (Verb("watch", "show ports and jobs live, until ^C", _watch, _declared),)
"""The one."""
