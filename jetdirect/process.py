"""
The process of C{twistd jetftp}: its signals, its clock, its listeners and its end.

A start that fails says so in one line on standard error and ends with status 1, before C{twistd}
becomes a daemon: behind a daemon nobody reads.
"""

from __future__ import annotations

import os
import pwd
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

from . import logfile
from .gateway import Gateway
from .listeners import whyNot
from .text import presentable
from .transports.checks import unknownHosts

LAST_MOMENT = 0.1
"""Seconds for each thread of the pool to end with the process (chosen; there are ten)."""


def fail(sentence: str) -> NoReturn:
    """End the process, which has not begun: one line on standard error, status 1."""
    raise SystemExit("jetftp: " + presentable(sentence))


def tellTimeSteadily(reactor: Any) -> None:
    """
    Let the reactor tell time that is not set.

    Twisted's reactors tell the wall clock's time, which is set now and then: idle sessions would
    end, and printers be waited for for ever.
    """
    if isinstance(reactor, ReactorBase) and not reactor.running:
        reactor.seconds = time.monotonic


class _PoolThread(threading.Thread):
    """One that looks up names: at the end nobody waits for a name server that is silent."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more, daemon=True)

    def join(self, timeout: float | None = None) -> None:
        """Twisted joins all ten threads of the pool, one after the other."""
        super().join(LAST_MOMENT if timeout is None else timeout)


def endWithoutLookups(reactor: Any) -> None:
    """Let the reactor's thread pool, which looks up names, not hold up the end of the process."""
    if isinstance(reactor, ReactorBase) and not reactor.running:
        reactor.getThreadPool().threadFactory = _PoolThread


def checkDaemon(words: Mapping[str, Any], log: str = "") -> None:
    """
    What C{twistd} was told about its process can be done.

    @param words: its own options; those of C{twist} have none of these.
    @param log: the file that the log is going to be written to, if there is one.
    @raise ValueError: it cannot; the message names the option and the remedy.
    """
    for option in ("rundir", "chroot"):
        if words.get(option) and not os.path.isdir(words[option]):
            raise ValueError(f"--{option}={words[option]}: no such directory; make it first")
    for option in ("uid", "gid", "chroot"):
        if words.get(option) is not None and os.geteuid() != 0:
            raise ValueError(f"--{option}: only root may do that; start it as root, or without it")
    pidfile = words.get("pidfile")
    for option, file in (("pidfile", pidfile), ("logfile", log)):
        if not file:
            continue
        try:
            _tryToWrite(file)
        except OSError as error:
            remedy = f"name another file with twistd --{option}=FILE"
            raise ValueError(f"--{option}={file}: {error.strerror}; {remedy}") from None
    running = _running(pidfile) if pidfile else 0
    if running:
        remedy = "end it, or give each a file of its own with twistd --pidfile=FILE"
        raise ValueError(f"--pidfile={pidfile}: process {running} runs with it; {remedy}")


def _tryToWrite(file: str) -> None:
    new = not os.path.lexists(file)
    os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if new:
        os.unlink(file)


def openLog(file: str) -> str:
    """What is to be said of a log file that is there; empty: nothing."""
    with suppress(OSError):
        mode = os.stat(file).st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IROTH:
            return f"everybody may read {file}, which names senders and jobs; chmod o-r {file}"
    return ""


def _running(pidfile: str) -> int:
    # As twistd looks for it itself, and says so in five lines.
    try:
        with open(pidfile) as file:
            number = int(file.read(20))
        os.kill(number, 0)
    except PermissionError:
        return number
    except (OSError, ValueError, OverflowError):
        return 0
    return number


@contextmanager
def rightsOfJobs(words: Mapping[str, Any]) -> Iterator[None]:
    """
    Have the rights that jobs will have once C{twistd} has given up root's (C{--uid}, C{--gid}).

    @param words: its options.
    """
    user: int | None = words.get("uid")
    group: int | None = words.get("gid")
    if user is None and group is None:
        yield
        return
    mine = os.getgroups()
    if group is None:
        assert user is not None
        group = pwd.getpwuid(user).pw_gid
    try:
        os.setgroups([group] if user is None else _groups(user, group))
        os.setegid(group)
        os.seteuid(os.geteuid() if user is None else user)
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
        os.setgroups(mine)


def _groups(user: int, group: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:  # a number without a name
        return [group]


class CommandLineGateway(Gateway):
    """
    A gateway whose user typed a command, and wants a sentence when it cannot listen.

    @ivar warnings: what the start is to say besides.
    """

    warnings: Sequence[str] = ()
    _bound = False

    def privilegedStartService(self) -> None:
        """
        Take the signals and bind the ports: once, while somebody reads what goes wrong.

        The signals come first: none of those that people send to have something read again, or a
        log rotated, ends a gateway that has begun.
        """
        if self._bound:
            return
        self._bound = True
        signal.signal(signal.SIGHUP, self._fromSignal(self._reload))
        signal.signal(signal.SIGUSR1, self._fromSignal(self._reopen))
        signal.signal(signal.SIGUSR2, self._fromSignal(self._ignored, signal.SIGUSR2))
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            fail(whyNot(error))
        except OSError as error:  # of a Unix socket's lock, or a socket that was passed
            fail(f"--port: {error.strerror}: {error.filename2 or error.filename or 'a socket'}")

    def startService(self) -> None:
        """Serve."""
        self.privilegedStartService()
        super().startService()
        certificate = self.factory.settings.certificate
        self._warn([*self.warnings, *(certificate.warnings if certificate is not None else ())])
        transports = [port.transport for port in self.server.ports]
        unknownHosts(self._reactor, transports).addCallback(self._unknown)

    def stopService(self) -> Deferred[Any]:
        """Let running jobs finish, whoever asks for the end again (Twisted calls that a fault)."""
        if signal.getsignal(signal.SIGTERM) == getattr(self._reactor, "sigTerm", None):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._fromSignal(self._again, number))
        return super().stopService()

    def _fromSignal(self, act: Callable[..., None], *arguments: object) -> Callable[..., None]:
        return lambda *_: self._reactor.callFromThread(act, *arguments)

    def _warn(self, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self._log.warn("{warning}", warning=presentable(warning))

    def _unknown(self, hosts: list[str]) -> None:
        for host in hosts:
            told = "its jobs get 450 until it is"
            self._log.warn(
                "the printer's host {host} is not known now; {told}", host=host, told=told
            )

    def _ignored(self, number: signal.Signals) -> None:
        self._log.info("Received {signal}; it means nothing here", signal=number.name)

    def _reopen(self) -> None:
        try:
            file = logfile.reopen()
        except OSError as error:
            told = f"the log goes on where it was: {error.filename}: {error.strerror}"
            self._log.error("Received SIGUSR1; {told}", told=told)
        else:
            told = "the log file was opened anew" if file else "there is no log file to open anew"
            self._log.info("Received SIGUSR1; {told}", told=told)

    def _again(self, number: signal.Signals) -> None:
        self._log.info(
            "Received {signal} again; running jobs have their time to finish", signal=number.name
        )

    def _reload(self) -> None:
        certificate = self.factory.settings.certificate
        if certificate is None:
            self._log.info("Received SIGHUP; nothing to reload: there is no certificate")
            return
        try:
            certificate.reload()
        except ValueError as error:
            self._log.error("the certificate stays as it was: {error}", error=str(error))
        else:
            self._log.info("the certificate was read again")
            self._warn(certificate.warnings)
