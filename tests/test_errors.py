"""
The family of errors: what an error says before a job has it.
"""

from __future__ import annotations

import inspect

import pytest

from jetdirect import errors
from jetdirect.errors import JobCanceled, JobCut, JobRefused, JobTooLarge, PrintError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", KINDS)
def test_everyKind(kind: type[PrintError]) -> None:
    """Every error has its reason in words, and nothing is printed until a job says so."""
    error = kind("the reason")

    assert isinstance(error, PrintError)
    assert (error.reason, str(error), error.printed) == ("the reason", "the reason", False)


@pytest.mark.parametrize("kind", KINDS)
def test_onlyTheOperatorIsFinal(kind: type[PrintError]) -> None:
    """Whatever went wrong by itself may go well another time; an operator's word stands."""
    assert kind("the reason").final is (kind in (JobCanceled, JobRefused, JobTooLarge))


def test_senderOrOperator() -> None:
    """That the operator canceled a job is not its sender's doing."""
    assert not issubclass(JobCanceled, JobCut)
