"""
The family of errors: what an error says before a job has it.
"""

from __future__ import annotations

import inspect
import re

import pytest

from jetdirect import errors
from jetdirect.errors import (
    HandshakeInClear,
    HistoryUnfit,
    JobCanceled,
    JobCut,
    JobRefused,
    JobTooLarge,
    PortRemoved,
    PrintError,
    SenderNotAllowed,
    StateUnfit,
    TakenBack,
    VerbRefused,
)

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
KINDS = [kind for kind in ALL if issubclass(kind, PrintError)]


def test_families() -> None:
    """
    What is no error of a job is a refused verb, what only the spool itself hears, or what is found
    before there are jobs.
    """
    others = {kind for kind in ALL if not issubclass(kind, PrintError | VerbRefused)}
    assert others == {HistoryUnfit, StateUnfit, TakenBack}


@pytest.mark.parametrize("kind", KINDS)
def test_everyKind(kind: type[PrintError]) -> None:
    """Every error has its reason in words, and nothing is printed until a job says so."""
    error = kind("the reason")

    assert isinstance(error, PrintError)
    assert (error.reason, str(error), error.printed) == ("the reason", "the reason", False)


@pytest.mark.parametrize("kind", KINDS)
def test_printersWords(kind: type[PrintError]) -> None:
    """A printer's own words in a reason control no terminal, and make no line of their own."""
    error = kind("x\x1b[31mEVIL\r\n2026-01-01 job 99: completed\u202e\x9b" + "y" * 5000)

    assert re.fullmatch(r"[ -~]{1,1024}", error.reason)
    assert error.reason.startswith(r"x\x1b[31mEVIL\x0d\x0a2026")
    assert str(error) == error.reason


@pytest.mark.parametrize("kind", KINDS)
def test_final(kind: type[PrintError]) -> None:
    """
    Whatever went wrong by itself may go well another time; an operator's word stands, and so does
    what a sender does wrong each time.
    """
    final = (JobCanceled, JobRefused, JobTooLarge, HandshakeInClear, PortRemoved, SenderNotAllowed)
    assert kind("the reason").final is (kind in final)


def test_senderOrOperator() -> None:
    """That the operator canceled a job is not its sender's doing."""
    assert not issubclass(JobCanceled, JobCut)
