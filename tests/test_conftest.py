"""
What conftest.py looks for is found, and only in the test that left it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import jetdirect

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

TESTS = """
import subprocess
import sys

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol
from twisted.internet.task import deferLater
from twisted.logger import Logger, globalLogPublisher
from twisted.python import log


def listen():
    return reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")


def connect(port):
    client = clientFromString(reactor, f"tcp:127.0.0.1:{port.getHost().port}")
    return client.connect(Factory.forProtocol(Protocol))


@pytest_twisted.async_yield_fixture
async def port():
    port = listen()
    yield port
    await port.stopListening()


def test_timer():
    reactor.callLater(99, print)


def test_port():
    listen()


@pytest_twisted.ensureDeferred
async def test_connection(port):
    await connect(port)


def test_process():
    wait = [sys.executable, "-c", "import time; time.sleep(99)"]
    reactor.spawnProcess(ProcessProtocol(), sys.executable, wait)


def test_failure():
    try:
        raise ValueError("a failure")
    except ValueError:
        Logger().failure("it says")


def test_oldStyle():
    log.err(ValueError("in the old style"), "it says")


def test_critical():
    Logger().critical("a {colour} alert", colour="red")


def test_deferred():
    fail(ValueError("nobody looked"))


def test_deferredInCycle():
    unseen = Deferred()
    unseen.itself = unseen
    unseen.errback(ValueError("nobody looked, and only the collector can tell"))


def test_callback():
    reactor.callLater(0, lambda: 1 / 0)


def test_otherError(flushErrors):
    fail(ValueError("another kind"))
    assert flushErrors(KeyError) == []


@pytest.mark.timeout(60)
@pytest_twisted.ensureDeferred
async def test_waiting():
    await Deferred()


def test_good():
    Logger().error("an error that is only told is nobody's fault")


def test_goodSubprocess():
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0


@pytest_twisted.ensureDeferred
async def test_goodConnection(port):
    connected = await connect(port)
    connected.transport.loseConnection()


async def test_goodUndecorated():
    await deferLater(reactor, 0)


def test_goodDeferred():
    return succeed(None)


def test_goodFlush(flushErrors):
    fail(ValueError("expected"))
    Logger().critical("expected, too")
    [event] = flushErrors(ValueError)
    assert event["log_failure"].getErrorMessage() == "expected"
    [event] = flushErrors()
    assert event["log_format"] == "expected, too"


HEARD = []


def test_goodObserver():
    globalLogPublisher.addObserver(HEARD.append)


def test_goodNobodyListens():
    heard = len(HEARD)
    Logger().info("something")
    assert len(HEARD) == heard
"""

FOUND = {
    "timer": "still there: <DelayedCall*",
    "port": "still there: <*Factory'> on *",
    "connection": "still there: *('127.0.0.1', *",
    "process": "still there: <*Process*",
    "failure": "*ValueError: a failure",
    "oldStyle": "*ValueError: in the old style",
    "critical": "logged: a red alert",
    "deferred": "*ValueError: nobody looked",
    "deferredInCycle": "*ValueError: nobody looked, and only the collector can tell",
    "callback": "*ZeroDivisionError: *",
    "otherError": "*ValueError: another kind",
}

GOOD = 8

SHARE = "AWAITING_SHARE = 0.9"


def test_eachLeftoverIsFound(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test fails as it ends if it left something; one that waits for ever fails by itself."""
    monkeypatch.setenv("PYTHONPATH", str(Path(jetdirect.__file__).parents[1]))
    conftest = Path(__file__).with_name("conftest.py").read_text()
    assert SHARE in conftest  # of a short time it would be too near to the end of the whole run
    pytester.makeconftest(conftest.replace(SHARE, "AWAITING_SHARE = 0.01"))
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--collect-each")

    result.assert_outcomes(passed=len(FOUND) + GOOD, errors=len(FOUND), failed=1)
    for name, text in FOUND.items():
        result.stdout.fnmatch_lines([f"*ERROR at teardown of test_{name} *", text])
    result.stdout.fnmatch_lines(["*no end after 0.6 seconds; it was here:", "*await Deferred()"])


OLD_GARBAGE = """
import gc

from twisted.internet.defer import Deferred


def test_leaves():
    unseen = Deferred()
    unseen.itself = unseen
    gc.collect()  # it is old now, and only a full collection finds it
    unseen.errback(ValueError("nobody looked"))


def test_between():
    pass


def test_last():
    pass
"""


@pytest.mark.parametrize(("words", "told"), [((), "last"), (("--collect-each",), "leaves")])
def test_oldGarbage(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    """Old garbage is told behind its module; with the switch, behind the test that left it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(jetdirect.__file__).parents[1]))
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makepyfile(OLD_GARBAGE)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *words)

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines([f"*ERROR at teardown of test_{told} *", "*nobody looked"])
