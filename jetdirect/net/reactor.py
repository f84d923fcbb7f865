"""
What is asked of a reactor, where it is more than one of Twisted's interfaces.

An annotation cannot ask for two interfaces at once, so a combination has a name here.  No reactor
says that it provides one: where it comes in from outside it is an L{object}, and
L{networkOf<jetdirect.net.network.networkOf>} or L{Options<jetdirect.tap.Options>} makes it one for
the types.
"""

from __future__ import annotations

from twisted.internet.interfaces import (
    IReactorCore,
    IReactorFDSet,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    IReactorUDP,
)


class INetworkReactor(IReactorTCP, IReactorTime, IReactorPluggableNameResolver):
    """Connections, their timers, and names of hosts."""


class IDeviceReactor(IReactorFDSet, IReactorTime, IReactorFromThreads):
    """Descriptors of drivers, their timers, and what threads beside it report."""


class IGatewayReactor(INetworkReactor, IDeviceReactor, IReactorThreads, IReactorUDP, IReactorCore):
    """
    All that the gateway and its printers may use; Twisted's reactors on POSIX systems have it.

    One in memory, for tests, may lack what is not used.
    """
