"""
The simulated gateway with a spool, short: no seed breaks a rule, and saboteurs are found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from jetdirect.interfaces import IDraft
from jetdirect.spool.record import JobPlace, SpoolRecord
from laboratory.kept.gatewaytrial import GatewayTrial
from tests.support.machine import Machine

SEEDS = 100


@pytest.mark.parametrize("part", range(4))
def test_nothingIsLost(part: int) -> None:
    """Nothing is lost, printed twice or said that is not so, whatever dies and fails."""
    for seed in range(part * 5, part * 5 + 5):
        assert (seed, GatewayTrial(seed).run()) == (seed, [])


def lying(call: str, path: str) -> Callable[[Machine], None]:
    """A disk that leaves something out."""

    def broken(machine: Machine) -> None:
        machine.disk.skipped = lambda name, where: (
            name == call and re.fullmatch(path, where) is not None
        )

    return broken


def hasty(machine: Machine) -> None:
    """The reply does not wait for the commit."""
    begin = machine.spool.begin

    def begun(port: str, number: int) -> Deferred[IDraft]:
        def patched(draft: Any) -> IDraft:
            commit = draft.commit

            def committed(record: SpoolRecord, to: JobPlace) -> Deferred[SpoolRecord]:
                commit(record, to).addErrback(lambda _: None)
                return succeed(record.but(number=number, port=port, place=number))

            draft.commit = committed
            return draft  # type: ignore[no-any-return]

        return begin(port, number).addCallback(patched)

    machine.spool.begin = begun  # type: ignore[method-assign]


def forgetful(machine: Machine) -> None:
    """An attempt is not recorded before its first byte."""
    change = machine.spool.change

    def changed(record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        return succeed(None) if to is JobPlace.ACTIVE else change(record, to)

    machine.spool.change = changed  # type: ignore[method-assign]


def stubborn(machine: Machine) -> None:
    """A job that was cut behind its rename is told to be gone, and is not taken back."""
    machine.spool.remove = lambda number: succeed(None)  # type: ignore[method-assign]


@pytest.mark.long
@pytest.mark.parametrize(
    "saboteur",
    [
        lying("sync", r".*/data"),
        lying("syncDirectory", r".*/queue"),
        lying("syncDirectory", r".*/active"),
        lying("sync", r"numbers\.new"),
        hasty,
        forgetful,
        stubborn,
    ],
)
def test_saboteurs(saboteur: Callable[[Machine], None]) -> None:
    """A gateway that does less is found out."""
    assert any(GatewayTrial(seed, saboteur).run() for seed in range(SEEDS))
