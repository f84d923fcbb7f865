"""
Every client in every mode that it knows prints exactly one job, byte for byte, and believes it.
"""

from __future__ import annotations

import pytest

from laboratory.clients.matrix import CLIENTS, Client, Outcome, attempt, pairs
from tests.support.modes import TLS, Mode
from tests.support.packages import Missing
from tests.support.printservice import PrintService

pytestmark = pytest.mark.long

PAIRS = pairs()


def tried(service: PrintService, client: Client, mode: Mode) -> Outcome:
    """The attempt, if the client is here."""
    try:
        return attempt(service, client, mode)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(
    ("client", "mode"),
    [
        pytest.param(client, mode, id=f"{client.name}: {mode}")
        for client, mode in PAIRS
        if mode not in client.limits
    ],
)
def test_prints(client: Client, mode: Mode, service: PrintService) -> None:
    """One job, all its bytes, and a client that says so."""
    outcome = tried(service, client, mode)
    assert outcome.believed, outcome.result.output
    assert outcome.exact, [len(job) for job in outcome.printed]
    assert outcome.reply in ("226", ""), outcome.result.output
    assert outcome.told.startswith("completed: ")


@pytest.mark.parametrize(
    ("client", "mode"),
    [
        pytest.param(client, mode, id=f"{client.name}: {mode}")
        for client, mode in PAIRS
        if mode in client.limits
    ],
)
def test_ownFaults(client: Client, mode: Mode, service: PrintService) -> None:
    """
    A client that fails by its own fault knows it.

    The gateway called the job aborted, and the client tells its caller.  When this test fails
    because a newer client has learnt the mode, take it out of the limits.
    """
    outcome = tried(service, client, mode)
    assert not outcome.believed, outcome.result.output
    assert outcome.told.startswith("aborted: ")


def test_lenientClose(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With --tls-lenient-close a sender that does not know close_notify prints."""
    with PrintService(tmp_path_factory.mktemp("lenient"), "--tls-lenient-close") as lenient:
        outcome = tried(lenient, CLIENTS["wput"], Mode(tls=TLS.EXPLICIT))
    assert outcome.believed and outcome.exact, outcome.result.output
