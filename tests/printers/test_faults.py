"""
Every cell of the table that needs no root and no hardware, once: what is promised holds, nothing is
kept, and the reactor is not held up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from laboratory.printers.promise import LONGEST_TURN, broken
from laboratory.printers.row import FAULTS, Row
from laboratory.printers.stands.stand import Kind
from laboratory.printers.transports import TRANSPORTS
from laboratory.printers.trials import LARGE, SMALL, faults, tries
from laboratory.printers.tries import Tries

#: What a gateway may grow by during a job, after some that were good: a quarter of a large job.
#: Measured: 0.4 MiB at most; TLS is loaded, and the first thread started, before.
GROWTH = 2 * 1024 * 1024

#: Seconds after which a gateway waits: an answer over IPP may take 15, and a slow serial line took
#: more than 10 beside all the others on two cores (measured).
PATIENCE = 20.0

#: Large jobs where much could be kept; small ones where a kernel could be believed.
SIZES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(FAULTS, (SMALL,)),
    **dict.fromkeys(("good", "slow", "paper out", "stalled", "aborted"), (LARGE,)),
    **dict.fromkeys(("closed early", "reset early"), (SMALL, LARGE)),
}

#: What is answered, besides that it must be true.
ANSWERS = {
    "good": "226",
    "refused": "450",
    "busy": "45[01]|551",
    "slow": "226",
    "paper out": "226",
    "stalled": "waits, .*; to ABOR: 426",
    "closed early": "551",
    "reset early": "551",
    "reset late": "551",
    "never closed": "226 .*unconfirmed|551",
    "unplugged": "551",
    "aborted": "426",
}

#: A full disk is not waited for.
ANSWERS_BY_TRANSPORT = {("file, a directory", "paper out"): "451"}

CELLS = [
    pytest.param(kind.name, fault, id=f"{kind.name}-{fault}".replace(", ", "-").replace(" ", "-"))
    for kind in TRANSPORTS
    for fault in faults(kind)
]


Rows = dict[str, list[Row | AssertionError]]


def _rows(kind: Kind, place: Path) -> Rows:
    # One gateway for a transport, one job after the other.
    found: Rows = {}
    for number, group in enumerate(tries(kind, SIZES)):
        with Tries(kind, group, place / str(number), patience=PATIENCE) as tried:
            tried.warm()
            for turn, each in enumerate(group):
                of = found.setdefault(each.fault, [])
                try:
                    of.append(tried.measured(turn))
                except AssertionError as wrong:
                    of.append(wrong)
    return found


Answers = dict[str, "Future[Rows]"]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """What comes of all faults, by transport; all transports at the same time."""
    place = tmp_path_factory.mktemp("printers")
    with ThreadPoolExecutor(len(TRANSPORTS)) as workers:
        yield {
            kind.name: workers.submit(_rows, kind, place / str(number))
            for number, kind in enumerate(TRANSPORTS)
        }


@pytest.mark.parametrize(("transport", "fault"), CELLS)
def test_cell(transport: str, fault: str, answers: Answers) -> None:
    """A success is one, 4xx means that nothing came out, and the rest is quiet."""
    wanted = ANSWERS_BY_TRANSPORT.get((transport, fault), ANSWERS[fault])
    for row in answers[transport].result()[fault]:
        if isinstance(row, AssertionError):
            raise row
        assert broken(row) == []
        assert re.match(wanted, row.reply), row
        assert row.memory < GROWTH, row
        assert row.stall < LONGEST_TURN, row


def test_levels(answers: Answers) -> None:
    """A good job reaches the level that the documentation names for its transport."""
    reached = {}
    for transport, answer in answers.items():
        [row] = answer.result()["good"]
        assert isinstance(row, Row)
        reached[transport] = row.level
    assert reached == {
        "socket": "delivered",
        "endpoint:tls": "delivered",
        "lpd, streamed": "delivered",
        "lpd, spooled": "delivered",
        "ipp": "confirmed",
        "serial": "sent",
        "file, a directory": "delivered",
        "file, a named pipe": "sent",
    }


def test_everyFault() -> None:
    """Each fault is tried, or it is said why not."""
    for kind in TRANSPORTS:
        pulled = {"unplugged"} - set(kind.without)
        assert {*faults(kind), *kind.without, *pulled} == set(FAULTS)
        assert not set(faults(kind)) & set(kind.without)
