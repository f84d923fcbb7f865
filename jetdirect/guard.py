"""
What a transport does wrong must not reach further than its own job: a method that raises, a
Deferred that fires late or never.  The job ends honestly then, the log says why, the port is free.

Transports are plugins (L{IPrinterScheme<jetdirect.interfaces.IPrinterScheme>}); one with a mistake
must stop neither the other printers nor the end of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from .errors import PrinterLost, PrintError
from .interfaces import Delivery, IKernelConsumer, IPrinterConnection

ABORT_TIMEOUT = 30.0
"""Seconds that a printer connection has for C{abort} before that is canceled (chosen: a slow
printer may take the end of what it has, and half of the minute is left that others wait in
line)."""

STOP_TIMEOUT = 2.0
"""The same when the drain time-out of a gateway that stops is over (chosen: less than the seconds
that README allows it then)."""

CANCEL_TIMEOUT = 2.0
"""Seconds until what was canceled, and does not answer, is not awaited any more (chosen)."""

FAULT = "the gateway failed at the printer's side"
"""What a sender is told of an exception that is no L{PrintError}; the log has the exception."""


class Awaited:
    """
    One thing that a transport is asked for, and answers later.

    @ivar isOver: the transport has answered; or C{CANCEL_TIMEOUT} is over since it was canceled.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        tell: Callable[[Any], object],
        late: Callable[[Any], object] = lambda _: None,
    ) -> None:
        """
        @param tell: told once: what the transport answers, or the L{Failure}.
        @param late: is given what comes after it was canceled, and puts it away; may return a
            L{Deferred}, which is waited for.
        """
        self.isOver = False
        self._clock = clock
        self._tell: Callable[[Any], object] | None = tell
        self._late = late
        self._asked: Deferred[Any] | None = None
        self._expiry: IDelayedCall | None = None
        self._whenOver: Callable[[], object] | None = None

    @property
    def answered(self) -> bool:
        """Was it told what the transport answered, or that it was canceled?"""
        return self._tell is None

    def ask(self, what: Callable[[], Any]) -> None:
        """Ask for it, once."""
        asked: Deferred[Any] = maybeDeferred(what)
        self._asked = asked
        if self.answered:  # canceled in the middle of it
            self._giveUp()
        if asked.called and not (asked.paused or isinstance(asked.result, Failure)):
            self._came(asked.result)
        else:
            asked.addBoth(self._came)

    def cancel(self) -> None:
        """It is not wanted any more; C{tell} is told so at once."""
        if self.answered:
            return
        self._expiry = self._clock.callLater(CANCEL_TIMEOUT, self._expired)
        self._giveUp()
        tell, self._tell = self._tell, None  # which knows us
        if tell is not None:
            tell(Failure(CancelledError()))

    def whenOver(self, call: Callable[[], object]) -> None:
        """Call C{call} when it C{isOver}, perhaps at once; only one is called."""
        if self.isOver:
            call()
        else:
            self._whenOver = call

    # Inside.

    def _giveUp(self) -> None:
        try:
            if self._asked is not None:
                self._asked.cancel()
        except BaseException:
            self._log.failure("a transport failed as its work was canceled")

    def _expired(self) -> None:
        self._log.error(
            "a transport was told to give up, and has not answered for {seconds:g} s; the gateway"
            " goes on without it",
            seconds=CANCEL_TIMEOUT,
        )
        self._end(None)

    def _came(self, result: Any) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            try:
                tell(result)
            finally:
                self._end(None)
        elif not isinstance(result, Failure):
            maybeDeferred(self._late, result).addBoth(self._end)
        else:
            self._end(None)

    def _end(self, _: object) -> None:
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()
        if not self.isOver:
            self.isOver = True
            call, self._whenOver = self._whenOver, None
            if call is not None:
                call()


class GuardedConnection:
    """
    A printer connection of which nothing is expected.

    Its methods do not raise, but C{take} with L{OSError}.  Its C{finish} and C{abort} may be called
    as L{IPrinterConnection} says.
    """

    _log = Logger()

    def __init__(
        self,
        connection: IPrinterConnection,
        job: int,
        clock: IReactorTime,
        failed: Callable[[PrintError], None],
    ) -> None:
        """
        @param failed: told when the connection did what it must not.
        """
        self._connection = connection
        # Looked at, not adapted, which takes six times as long.
        kernel: Any = connection if IKernelConsumer.providedBy(connection) else None
        self._kernel: IKernelConsumer | None = kernel
        self._job = job
        self._clock = clock
        self._failed = failed
        self._wrote = self._broken = False
        self._patience = ABORT_TIMEOUT
        self._expiry: IDelayedCall | None = None

    @property
    def printed(self) -> bool:
        """May bytes of the job have reached the printer?"""
        if self._broken:
            return self._wrote
        try:
            return self._connection.sent > 0
        except BaseException:
            self._log.failure(
                "job {job}: the connection does not say how much was sent", job=self._job
            )
            return self._wrote

    @property
    def sent(self) -> int:
        """How many bytes of the job may have reached the printer, as far as it says."""
        try:
            return int(self._connection.sent)
        except BaseException:
            return 0  # C{printed} has logged it

    @property
    def splices(self) -> bool:
        """Can bytes reach it inside the kernel?"""
        return self._kernel is not None

    # IConsumer, IKernelConsumer

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        self._wrote = self._wrote or bool(data)
        try:
            self._connection.write(data)
        except BaseException:
            self._fault("write")

    def take(self, descriptor: int, most: int) -> int:
        """L{IKernelConsumer}."""
        assert self._kernel is not None
        try:
            taken = self._kernel.take(descriptor, most)
            if not 0 <= taken <= most:
                raise ValueError(f"take() gave {taken!r}")
        except OSError:
            raise
        except BaseException:
            self._wrote = True
            self._fault("take")
            return 0
        self._wrote = self._wrote or taken > 0
        return taken

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        try:
            self._connection.registerProducer(producer, streaming)
        except BaseException:
            self._fault("registerProducer")

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        try:
            self._connection.unregisterProducer()
        except BaseException:
            self._fault("unregisterProducer")

    # The end.

    def finish(self) -> Deferred[Delivery]:
        """
        L{IPrinterConnection}.

        @return: fails with L{PrintError} only.
        """
        finished: Deferred[Any] = maybeDeferred(lambda: self._connection.finish())
        return finished.addBoth(self._outcome)

    def abort(self, tail: bytes) -> Deferred[None]:
        """
        L{IPrinterConnection}.

        @return: fires, never fails, after C{ABORT_TIMEOUT} and C{CANCEL_TIMEOUT} at the latest.
        """
        released: Deferred[None] = Deferred()
        aborting = Awaited(self._clock, self._aborted)
        aborting.ask(lambda: self._connection.abort(tail))
        if aborting.answered:
            released.callback(None)
            return released
        expiry = self._expiry = self._clock.callLater(self._patience, self._tooLong, aborting)

        def over() -> None:
            if expiry.active():
                expiry.cancel()
                released.callback(None)
            else:  # what was canceled closes its connection in the reactor's next turn
                self._clock.callLater(0, released.callback, None)

        aborting.whenOver(over)
        return released

    def hasten(self, seconds: float = STOP_TIMEOUT) -> None:
        """C{abort}, also one that has begun, has so many seconds only, as when a gateway stops."""
        self._patience = seconds
        if self._expiry is not None and self._expiry.active():
            left = self._expiry.getTime() - self._clock.seconds()
            self._expiry.reset(min(left, seconds))

    # Inside.

    def _tooLong(self, aborting: Awaited) -> None:
        self._log.warn(
            "job {job}: the printer has not let go of the aborted job for {seconds:g} s; the rest"
            " is thrown away",
            job=self._job,
            seconds=self._patience,
        )
        aborting.cancel()

    def _fault(self, method: str) -> None:
        self._broken = True
        self._log.failure(
            "job {job}: the transport failed in {method}", job=self._job, method=method
        )
        self._failed(PrinterLost(FAULT))

    def _outcome(self, result: Any) -> Delivery | Failure:
        if isinstance(result, Delivery):
            return result
        if isinstance(result, Failure):
            failure = result
        else:
            failure = Failure(TypeError(f"finish() gave {result!r}, and no Delivery"))
        if failure.check(PrintError):
            return failure
        self._broken = True
        self._log.failure("job {job}: the transport failed in finish", failure, job=self._job)
        raise PrinterLost(FAULT)

    def _aborted(self, result: Any) -> None:
        if isinstance(result, Failure) and not result.check(CancelledError):
            self._log.failure("job {job}: abort failed", result, job=self._job)
