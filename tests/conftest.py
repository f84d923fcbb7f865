"""
What holds for every test: it leaves the reactor as it found it, and it ends.

pytest-twisted keeps one reactor going for the whole run and looks at nothing.  Here a test fails
that leaves a timer, a connection or a listening port behind, logs a failure, or lets a Deferred die
with an error that nobody looked at.
"""

from __future__ import annotations

import functools
import gc
import inspect
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import pytest_twisted
import twisted
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

import jetdirect

if TYPE_CHECKING:
    from jetdirect.testing import FakeSender
    from tests.support.kernel import Kernel
    from tests.support.memory import MemoryGateway

HERE = Path(__file__).parent

MARKERS = (
    "fast: of a file in tests/ itself, neither slow nor long",
    "slow: starts other programs, or takes half a second",
    "long: more than everybody's run should wait for; .ci/run has it",
)

TURNS = 20
"""How often the reactor may turn, without waiting, until the last connections are closed."""

AWAITING_SHARE = 0.9
"""An awaiting test is stopped before pytest-timeout, which knows only how to end the whole run."""

YOUNG, ALL = 1, 2
"""What C{gc.collect} takes: one test's garbage is young; the old is most of a collection's time."""

ENDS_MODULE = pytest.StashKey[bool]()
"""Of a test: whether the next one, if any, stands in another file."""

FlushErrors = Callable[..., list[LogEvent]]

# The time an example takes says something about the machine only.
hypothesis.settings.register_profile("jetdirect", deadline=None)
hypothesis.settings.load_profile("jetdirect")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run look for unseen errors after every test, to find the one that leaves them."""
    parser.addoption(
        "--collect-each",
        action="store_true",
        help="collect all garbage after every test, not once a module: slow, but names the test "
        "whose Deferred died with an error that nobody looked at",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know how long tests take: C{pytest -m fast}, C{pytest}, C{pytest -m long}."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # A shell script has its background jobs ignore Ctrl-C, and so would all that tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """
    With C{-n}, give whole files to the processes: a file's tests share gateways and printers.

    In the order in which they are found, so the folders come first: their few tests take longest,
    and with the many short ones at the end no process waits for another.
    """
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def pytest_report_header() -> str:
    """Say which jetdirect is under test: this folder's, or an installed one."""
    place = Path(jetdirect.__file__).parent
    return f"jetdirect {jetdirect.__version__} from {place}, Twisted {twisted.__version__}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With C{-m fast} the folders below are not even read: nothing in them is fast."""
    below = collection_path.parent == HERE and collection_path.is_dir()
    return True if below and config.getoption("markexpr") == "fast" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is collected goes again, and looking for garbage took a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as fast what stands in this folder itself, and says nothing else."""
    for item in items:
        besides = item.get_closest_marker("slow") or item.get_closest_marker("long")
        if item.path.parent == HERE and not besides:
            item.add_marker("fast")


def pytest_collection_finish() -> None:
    """
    Take what is there before the first test out of every later C{gc.collect()}.

    And forget trial, which L{twisted.internet.testing} imports: no test here is trial's, and pytest
    reads Twisted's metadata before each test as long as it is there.
    """
    sys.modules.pop("twisted.trial.unittest", None)
    gc.collect()
    gc.freeze()


@implementer(ILogObserver)
class Watch:
    """What one test leaves behind; an observer of the log meanwhile."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._before = self._held()
        self._errors: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """Keep the event if it tells of an error."""
        grave = event.get("isError") or event.get("log_level") is LogLevel.critical
        # Of a Deferred's unseen error Twisted logs two events; the one without it says nothing new.
        heading = event.get("log_namespace") == "twisted.internet.defer"
        if "log_failure" in event or (grave and not heading):
            self._errors.append(event)

    def flush(self, *kinds: type[BaseException]) -> list[LogEvent]:
        """
        Take out the errors that the test expects.

        @param kinds: the exceptions meant; none: every logged error.
        @return: their log events, oldest first; C{log_failure} is the failure.
        """
        gc.collect()  # a Deferred that fails unseen says so when it dies
        return self._taken(*kinds)

    def settle(self) -> None:
        """Let what is being closed be closed."""
        for _ in range(TURNS):
            if not self._left():
                break
            self._turn()

    def complaints(self, generation: int) -> list[str]:
        """
        Say what is wrong now, one text each; and put it right for the next test.

        @param generation: the oldest garbage that is collected for it, as in C{gc.collect}.
        """
        left = self._left()
        gc.collect(generation)
        said = [f"still there: {thing!r}" for thing in left]
        said += [f"logged: {self._told(event)}" for event in self._taken()]
        for thing in left:
            self._remove(thing)
        if said:
            self._turn()
            self._taken()
        return said

    def _taken(self, *kinds: type[BaseException]) -> list[LogEvent]:
        errors, self._errors = self._errors, []
        flushed = []
        for event in errors:
            failure = event.get("log_failure")
            if not kinds or (failure is not None and failure.check(*kinds)):
                flushed.append(event)
            else:
                self._errors.append(event)
        return flushed

    def _turn(self) -> None:
        pytest_twisted.blockon(deferLater(self._reactor, 0))

    def _held(self) -> set[Any]:
        reactor = self._reactor
        return {*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()}

    def _left(self) -> set[Any]:
        return self._held() - self._before

    def _remove(self, thing: Any) -> None:
        if hasattr(thing, "cancel"):
            if thing.active():
                thing.cancel()
            return
        self._reactor.removeReader(thing)
        self._reactor.removeWriter(thing)
        process = getattr(thing, "proc", None)
        if process is not None and process.pid:
            process.signalProcess("KILL")
        thing.connectionLost(Failure(ConnectionAborted()))

    @staticmethod
    def _told(event: LogEvent) -> str:
        failure = event.get("log_failure")
        text = formatEvent(event) or "an error in a Deferred that nobody looked at"
        return text if failure is None else f"{text}\n{failure.getTraceback()}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Know which test is the last one of its module."""
    item.stash[ENDS_MODULE] = nextitem is None or nextitem.path != item.path


def observers() -> list[ILogObserver]:
    """Those of the log; Twisted does not tell them otherwise."""
    return [*globalLogPublisher._observers]


@pytest.fixture(autouse=True)
def cleanReactor(request: pytest.FixtureRequest) -> Iterator[Watch]:
    """
    Fail the test that leaves something behind.  It is the first fixture, so it ends the last.

    All garbage is collected behind the last test of a module only, or of each with
    C{--collect-each}: an old Deferred that died with an unseen error may be another test's.
    """
    from twisted.internet import reactor

    everything = request.config.getoption("collect_each") or request.node.stash[ENDS_MODULE]
    pytest_twisted.blockon(deferLater(reactor, 0))
    watch = Watch(reactor)
    listening = observers()
    globalLogPublisher.addObserver(watch)
    try:
        yield watch
        watch.settle()
        complaints = watch.complaints(ALL if everything else YOUNG)
    finally:
        # A gateway in memory that a test only dropped would keep the lines of all that follow.
        for each in observers():
            if each not in listening:
                globalLogPublisher.removeObserver(each)
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture(autouse=True)
def nobodyStays(cleanReactor: Watch) -> Iterator[None]:
    """After each test the senders of the gateways in memory leave, if there are any."""
    yield
    memory = sys.modules.get("tests.support.memory")
    if memory is not None:
        memory.everybodyLeaves()


@pytest.fixture
def flushErrors(cleanReactor: Watch) -> FlushErrors:
    """
    Take logged errors that the test expects: C{[event] = flushErrors(ZeroDivisionError)}.

    Without a kind of exception it takes all of them, also those logged without one.
    """
    return cleanReactor.flush


# What several files of one subject use.  They are imported when they are asked for: most tests need
# no gateway.


@pytest.fixture
def gateway() -> MemoryGateway:
    """A gateway in memory with two printers."""
    from tests.support.dialogue import two

    return two()


@pytest.fixture
def stranger(gateway: MemoryGateway) -> FakeSender:
    """Somebody who has connected to it, and not logged in."""
    return gateway.stranger()


@pytest.fixture
def user(gateway: MemoryGateway) -> FakeSender:
    """Somebody who has logged in."""
    return gateway.user()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Watch C{os.splice}."""
    from tests.support.kernel import Kernel

    watched = Kernel()
    monkeypatch.setattr(os, "splice", watched)
    return watched


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """
    Stop a test that awaits for ever, and show where.

    The signal that other test suites use for this would land in the reactor, which survives it.
    """
    marker = pyfuncitem.get_closest_marker("timeout")
    limit = marker.args[0] if marker and marker.args else pyfuncitem.config.getini("timeout")
    seconds = AWAITING_SHARE * float(limit or 0)
    test = pyfuncitem.obj
    if seconds and not hasattr(test, "hypothesis"):
        pyfuncitem.obj = _bounded(test, seconds)
    return (yield)


def _bounded(test: Callable[..., object], seconds: float) -> Callable[..., object]:
    def stopped(failure: object, _: float) -> None:
        where = failure.getTraceback() if isinstance(failure, Failure) else failure
        pytest.fail(f"no end after {seconds:g} seconds; it was here:\n{where}", pytrace=False)

    @functools.wraps(test)
    def call(**fixtures: object) -> object:
        from twisted.internet import reactor

        result = test(**fixtures)
        if inspect.iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            result.addTimeout(seconds, reactor, stopped)
        return result

    return call
