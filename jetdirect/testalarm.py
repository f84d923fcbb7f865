"""
A test alarm to everybody that a configuration names: does it arrive?
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TextIO
from uuid import uuid4

from twisted.internet.defer import Deferred, DeferredList, TimeoutError
from twisted.internet.interfaces import IReactorTime

from .configuration import Configuration
from .interfaces import IAlarmReceiver
from .net.deadline import within
from .net.reactor import IGatewayReactor
from .onlookers import receivers
from .text import presentable
from .watch.alarms import Digest, Event
from .watch.notify import TELLING
from .watch.wire import NotTold


def alarm(now: float) -> Digest:
    """
    A test.

    @param now: seconds since the epoch.
    """
    number = uuid4().hex
    text = "somebody tries whether alarms arrive; there is nothing to do"
    return Digest(number, (Event(number, "test", "", text, now),))


async def tried(reactor: IReactorTime, receiver: IAlarmReceiver) -> str:
    """Tell a receiver once.  @return: why it could not be told; empty: it has it."""
    now = time.time()
    try:
        await within(receiver.tell(alarm(now), now), TELLING, reactor)
    except TimeoutError:
        return f"no answer within {TELLING:.0f} s"
    except NotTold as why:
        return str(why)
    return ""


def tell(configuration: Configuration, reactor: IGatewayReactor, out: TextIO) -> int:
    """
    Tell all of them, and say a line about each; runs the reactor, and ends it.  There are some.

    @return: the exit status: 0, or 1 if one could not be told.
    """
    assert configuration.notify is not None
    found: Sequence[IAlarmReceiver] = receivers(configuration.notify, reactor)
    failed: list[str] = []

    async def one(receiver: IAlarmReceiver) -> None:
        why = await tried(reactor, receiver)
        print(f"{receiver.name}: {presentable(why) or 'told'}", file=out)
        failed.extend([why] if why else [])

    def begin() -> None:
        telling = DeferredList([Deferred.fromCoroutine(one(each)) for each in found])
        telling.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    return 1 if failed else 0
