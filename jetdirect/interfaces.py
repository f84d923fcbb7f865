"""
The contracts between the sender's side, the job and the printer's side.

A transport knows how to reach one printer; opening it gives the printer connection that one job
has for itself until it is finished or aborted.

A transport may do wrong: raise where it must not, answer late or never.  The job ends with an
error then, the log says it, and the port is free again after the seconds named here; no other
printer waits for it, nor does the end of the process (L{jetdirect.guard}).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.plugin import IPlugin
from zope.interface import Attribute, Interface

from .errors import PrintError
from .net.reactor import IGatewayReactor
from .options import Option
from .record import JobEvent, JobRecord, PortRecord, Sum
from .spool.beat import Beat, Told
from .spool.record import Found, JobPlace, Room, SpoolRecord
from .uri import DeviceURI
from .wanted import Wanted


class Delivery(Enum):
    """How far a complete job is known to have come; see the README for what each level proves."""

    VOLATILE = "spooled, not durable"
    """A spool has it, in memory: a power cut would lose it."""

    QUEUED = "queued"
    """A spool has it on stable storage, and prints it in its turn."""

    SENT = "sent"
    """The local kernel or driver took every byte."""

    DELIVERED = "delivered"
    """The printer's side took every byte and closed the job cleanly."""

    CONFIRMED = "confirmed"
    """The printer says that the job is done."""


class PrinterStatus(NamedTuple):
    """What a printer says of itself; what it does not say is empty."""

    state: str = ""
    """C{idle}, C{processing} or C{stopped} (RFC 8011, section 5.4.11)."""

    reasons: tuple[str, ...] = ()
    """In the words of RFC 8011, section 5.4.12, such as C{media-empty}, C{door-open}; and
    C{offline}, which CUPS has added."""

    model: str = ""
    """Maker and model, in the printer's own words: not fit to be shown as they are."""

    pages: int | None = None
    """How many it has printed in its life."""

    languages: tuple[str, ...] = ()
    """Command sets (C{CMD} of IEEE 1284) or MIME types that it knows, in its own words."""


class Complaint(NamedTuple):
    """What is wrong with a printer as the operator has named it, known before its first job."""

    text: str
    """One line: what is wrong, where, what to do about it; no secrets, no full stop."""

    fatal: bool = False
    """It will not work as it is written; otherwise it may, once something else has changed."""


class IPrintJob(Interface):
    """
    One upload on its way to one printer, as the printer's side knows it.
    """

    number: int = Attribute("Counts from 1, never twice in one process.")
    name: str = Attribute("What the sender called it: printable ASCII, never a path.")
    user: str = Attribute("The name given at login: printable ASCII.")
    host: str = Attribute("The sender's address.")
    size: int | None = Attribute("Bytes announced by the sender, or L{None}.")

    def printerLost(error: PrintError) -> None:
        """
        Called by the printer connection, once, when the printer is gone while it has the job.

        Not called after C{finish} or C{abort} of the connection: their Deferreds tell.
        """


class IQueuedJob(IPrintJob):
    """What a printing port needs of what stands in its line."""

    ended: bool = Attribute("It is over, though its printer may not be free yet.")

    def queued(giveUp: Callable[[], None]) -> None:
        """
        It waits.

        @param giveUp: takes it out of the line again; to be called when it ends before its turn.
        """

    def printOn(connection: IPrinterConnection) -> Deferred[None]:
        """
        Its turn has come, and the printer is there.

        @return: fires when it needs the printer no more.
        """

    def cut(error: PrintError) -> None:
        """End it: it does not get the printer, and this is why."""


class IKeptJob(IQueuedJob):
    """One that comes from a spool: it was read there, and nobody waits for its reply."""


class IPrinterConnection(IConsumer):
    """
    The printer, while one job has it.

    C{write} takes L{bytes}, never blocks and keeps them all; back-pressure comes through the
    producer that the job registers (C{pauseProducing} when more than a bounded amount waits).
    """

    sent: int = Attribute("Bytes of the job that may have reached the printer.")

    def finish() -> Deferred[Delivery]:
        """
        Say that the job is complete, and let the printer go when it has it.

        Called at most once, after the producer was unregistered.  It has no bound in seconds, as a
        printer without paper is waited for; C{abort} has one.

        @return: fires with the level of delivery that was reached; fails with L{PrintError} when
            the printer lost the job.  The printer is free for the next job when it has fired.
        """

    def abort(tail: bytes) -> Deferred[None]:
        """
        End the job before it is whole.

        May be called at any time, also during C{finish} (whose Deferred may then stay silent) and
        after the printer was lost.

        @param tail: what ends a cut job in the job's own language; it is sent after the bytes
            written so far if the printer still takes them.
        @return: fires, never fails, when the printer is free for the next job.  It has 30 s
            (L{ABORT_TIMEOUT<jetdirect.guard.ABORT_TIMEOUT>}; 2 s when the gateway stops), and is
            canceled then: what is left is to be thrown away at once, a connection to be reset.  2 s
            after that it is not awaited any more.
        """


class IKernelConsumer(IConsumer):
    """
    A consumer that bytes may reach inside the kernel, without passing through this process.

    Jobs are, and those printer connections that can.
    """

    def take(descriptor: int, most: int) -> int:
        """
        Take what can be read from a descriptor at this moment.

        @param most: how many bytes at most.
        @return: how many bytes were taken; 0: what there is, is to be read and written.
        @raise OSError: the descriptor is at an end, and not in order.
        """


class IPrinterTransport(Interface):
    """How bytes reach one printer."""

    uri: str = Attribute("The device URI, without user name and password.")
    description: str = Attribute(
        "What the printer is called in banner, PWD, LIST and STAT: the operator's words for it, or"
        " its own, or where it is."
    )
    status: PrinterStatus = Attribute("What it last said of itself.")
    reaches: Delivery = Attribute("The delivery level of a job that ended as it should.")

    def open(job: IPrintJob) -> Deferred[IPrinterConnection]:
        """
        Get the printer for C{job}.

        One attempt: the printing port repeats it.  Never called again before the connection it gave
        was finished or aborted.

        It is canceled when the connect time-out is over, or the job cut; the next one is opened
        when it has fired then, or 2 s later (L{CANCEL_TIMEOUT<jetdirect.guard.CANCEL_TIMEOUT>}).  A
        connection that comes in spite of that is aborted.

        @return: fails with L{PrinterUnreachable<jetdirect.errors.PrinterUnreachable>} when another
            attempt may help, with another L{PrintError} when it will not.
        """

    def ask() -> Deferred[None]:
        """
        Ask the printer how it is, and keep the answer as C{status}.

        May be called at any time, also while a job prints, which it must not disturb; not again
        before it has fired.

        @return: fires and never fails; a printer that says nothing is well.  Canceled after 20 s
            (L{ASK_TIMEOUT<jetdirect.port.ASK_TIMEOUT>}).
        """


class ICheckedTransport(Interface):
    """A transport that can try what it needs before its first job; not all can."""

    def check() -> Sequence[Complaint]:
        """
        Try it.  May block for as long as a disk does, and make what is missing.

        To be called with the rights that jobs will have: root's tell nothing of those.
        """


class IReadingTransport(Interface):
    """A transport that reads jobs before its printer has them, and may refuse one."""

    def reading(connection: IPrinterConnection, job: IPrintJob) -> IPrinterConnection:
        """
        C{connection}, with what is written to it read before.

        For a spool, which has jobs read when they come; such a job (L{IKeptJob}) is not read again
        when it prints.
        """


class IReadsLines(Interface):
    """
    A transport that looks at each line of a job, also where the lines are short and the time adds
    up: its jobs are read in small pieces, and others have their turn between two.
    """


class INeedsGap(Interface):
    """A transport whose printer needs time between two jobs; few printers do."""

    gap: float = Attribute("Seconds between the end of a job and the opening for the next one.")


class IAskedApart(Interface):
    """
    A transport whose C{ask} takes a datagram and no connection to the printer: it can be asked
    every few seconds, also while it is away.
    """


class IWatcher(Interface):
    """
    Told of jobs and printing ports, and never touching them (L{PrintServer.watch
    <jetdirect.server.PrintServer.watch>}).

    Its methods are called in the middle of things: they take what they are told, and return.  One
    that is L{unheard} is not called.
    """

    def jobSubmitted(record: JobRecord) -> None:
        """A job has come, and is about to be put in line."""

    def jobChanged(record: JobRecord) -> None:
        """
        A job is in another state, or has other reasons for it; or the printer has it whole: for a
        watcher that asks.
        """

    def jobProgressed(record: JobRecord) -> None:
        """More bytes have come: at most once a second a job, and only for a watcher that asks."""

    def jobEnded(record: JobRecord) -> None:
        """A job is over, and it is known what its sender is told: once for each job."""

    def portChanged(record: PortRecord) -> None:
        """
        A printing port has another state, or its printer another condition.  That it only has work
        now, or none any more, is for a watcher that asks.
        """


def unheard(watcher: object, record: JobRecord | PortRecord) -> None:
    """The method of an L{IWatcher} that has no use for what it would be told."""


class IMetrics(Interface):
    """The numbers of a gateway, for programs that watch many."""

    def text() -> Deferred[bytes]:
        """
        All of them as they are now, in Prometheus's text format (version 0.0.4).

        @return: never fails; others have their turn while they are written.
        """


class IAlarmReceiver(Interface):
    """A mail address or a webhook that is told of what stands against printing."""

    name: str = Attribute("Who that is, for the log; no secret.")

    def tell(digest: Any, now: float) -> Deferred[None]:
        """
        Tell it.

        @param digest: a L{Digest<jetdirect.watch.alarms.Digest>}.
        @param now: seconds since the epoch.
        @return: fires when it has it; fails with L{NotTold<jetdirect.watch.wire.NotTold>}.  It can
            be canceled at any time, and leaves no connection behind then.
        """


class IKeptData(Interface):
    """The bytes of a kept job, from the first one on."""

    def read(most: int) -> Deferred[bytes]:
        """
        The next bytes; none: that was all.  Not called again before it has fired.

        @return: fails with L{SpoolFailed<jetdirect.errors.SpoolFailed>}.
        """

    def close() -> None:
        """Be done with it."""


class IKernelData(IKeptData):
    """Bytes that need not pass through this process."""

    descriptor: int = Attribute("Where those are read that L{fill} has brought; never waits.")

    def fill() -> Deferred[int]:
        """
        Bring the next bytes to C{descriptor}, all of which are read before it is called again.

        @return: how many; 0: that was all.  Fails with L{OSError}: it cannot be done so, and
            C{read} goes on where it stopped.
        """


class IDraft(Interface):
    """
    A job on its way into a spool.

    No method but C{cut} is called before the one before has fired.
    """

    number: int = Attribute("Its number.")
    size: int = Attribute("The bytes that were written.")
    sha256: str = Attribute("Of those, in hexadecimal digits.")

    def write(data: bytes) -> Deferred[None]:
        """
        Append bytes.

        @return: fires when there may be more.  Fails with L{SpoolFull<jetdirect.errors.SpoolFull>}
            or L{SpoolFailed<jetdirect.errors.SpoolFailed>}: the job is lost, and to be discarded.
        """

    def commit(record: SpoolRecord, to: JobPlace) -> Deferred[SpoolRecord]:
        """
        Keep the job: from now on it survives power cuts.

        Several commits of a port may be under way; they fire in the order of their places, which is
        that of the calls.  All jobs of a spool have places of one counter.

        @param record: number, port, place, size and hash are filled in.
        @param to: C{QUEUE}, or C{HELD}, with C{record.reason}.
        @return: fires with the whole record.  Fails with L{TakenBack<jetdirect.errors.TakenBack>}
            after C{cut}, with C{SpoolFull} or C{SpoolFailed} when it is certain that the job is not
            kept, also after a crash; with L{SpoolSilent<jetdirect.errors.SpoolSilent>} when not
            even that is known: its sender must be told nothing then.
        """

    def cut() -> bool:
        """
        The job is not wanted any more; may be called at any time, also during C{commit}.  Waits for
        nothing.

        @return: C{False}: too late, it is kept, or will be; L{ISpool.remove} takes it back.
        """

    def discard() -> Deferred[None]:
        """Remove what came of a job that was not committed.  Never fails."""


class IState(Interface):
    """
    What a gateway remembers beside jobs; a spool does so, too.

    Each change is on stable storage when its Deferred fires.  Each fails with L{SpoolFailed
    <jetdirect.errors.SpoolFailed>} or L{SpoolFull<jetdirect.errors.SpoolFull>} when it is not done.
    """

    durable: bool = Attribute("Does what it keeps survive a power cut?")

    def reserve(count: int) -> Deferred[int]:
        """Take so many numbers for jobs; the first of them.  None is ever given twice."""

    def paused() -> Deferred[Mapping[str, str]]:
        """The paused printing ports, in lower case, each with the person who did it."""

    def setPaused(paused: Mapping[str, str]) -> Deferred[None]:
        """Write what C{paused} reads."""

    def close() -> Deferred[None]:
        """Let another process have it.  Fires, at the latest after some seconds, when that may."""


class ISpool(IState):
    """
    Where jobs are kept until they are printed, and their ends until those were told.

    Each change is on stable storage when its Deferred fires.  Each fails with L{SpoolFailed
    <jetdirect.errors.SpoolFailed>} when the store does not do it; whether a crash would then leave
    the state before or the one after is not known, but nothing in between.  The methods do not
    block, and are called in the reactor's thread.  For one job they are done in the order of the
    calls.
    """

    def addPort(name: str) -> Deferred[Found]:
        """
        Make room for the jobs of a printing port, and say which there are.

        Jobs that came in when the last process ended are gone: their senders were told nothing.
        What cannot be used is set aside, and named.
        """

    def portNames() -> Deferred[Sequence[str]]:
        """The printing ports that have room, in lower case; some may exist no more."""

    def begin(port: str, number: int) -> Deferred[IDraft]:
        """
        Make room for a job with a reserved number.

        @return: fails with C{SpoolFull} or C{SpoolFailed}.
        """

    def nextPlace() -> Deferred[int]:
        """A place behind all others."""

    def record(number: int) -> Deferred[SpoolRecord]:
        """
        What is written about a job.

        @return: fails with L{BadRecord<jetdirect.spool.record.BadRecord>}, or with L{KeyError}:
            it is not kept.
        """

    def change(record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        """
        Write what has become of a job, and put it where it belongs now, in one step.

        @param record: its port may be another one: the job moves there.
        """

    def verify(number: int) -> Deferred[None]:
        """
        Read the bytes of a job whole, and compare them with its record.

        @return: fails with L{BadRecord<jetdirect.spool.record.BadRecord>}: they are others.
        """

    def setAside(number: int) -> Deferred[None]:
        """Put a job that cannot be used where it is neither printed nor deleted."""

    def data(number: int) -> Deferred[IKeptData]:
        """
        The bytes of a job.

        @return: fails with L{BadRecord<jetdirect.spool.record.BadRecord>}: there are none.
        """

    def note(number: int, sent: int) -> Deferred[None]:
        """Note how many bytes of a job have left: a hint, not durable.  Never fails."""

    def noted(number: int) -> Deferred[int]:
        """What was noted last; 0: nothing that survived."""

    def noteHeard(number: int) -> Deferred[None]:
        """Note that the sender has heard that the job is kept: likewise.  Never fails."""

    def wasHeard(number: int) -> Deferred[bool]:
        """Was that noted, and has it survived?"""

    def removeData(number: int) -> Deferred[None]:
        """
        Remove the bytes of a job whose end is recorded.  Not durable: the next start does it again.
        """

    def remove(number: int) -> Deferred[None]:
        """Forget a job whole."""

    def room() -> Deferred[Room]:
        """What there is room for."""

    def probe() -> Deferred[None]:
        """Try what a commit needs.  Fires when that is well again."""


class ISharedSpool(ISpool):
    """
    A spool that several gateways share: each printing port is printed on by one of them at a time.

    L{ISpool.change}, C{setAside} and C{remove} fail with L{PortLost<jetdirect.errors.PortLost>}
    where another one prints.  L{ISpool.addPort} leaves out jobs whose senders other gateways have
    not told yet.
    """

    def join() -> Deferred[None]:
        """
        Live among the others from now on.

        @return: fails with C{SpoolFailed}: there is nothing to join yet.
        """

    def beat(told: Told) -> Deferred[Beat]:
        """
        Say what is to be said, and hear what is new.  Who has not been answered for L{LEASE
        <jetdirect.spool.shared.LEASE>} seconds must print nothing more: others may do so soon.

        @return: fails with C{SpoolFailed}: it is to be said again.
        """

    def handOver(numbers: Collection[int]) -> Deferred[None]:
        """The senders of these jobs have had the reply: the port's gateway may print them."""

    def suspects(record: SpoolRecord) -> Deferred[bool]:
        """
        Is there a job of the same bytes from the same host, which may not have heard of that one?
        """

    def original(record: SpoolRecord, living: bool) -> Deferred[int]:
        """
        The number of the job of which this is the same again; 0: of none.  Each counts once.

        @param living: also if the gateway that took that one lives, and so may tell its sender.
        """

    def ask(port: str, verb: str, number: int, target: str, by: str) -> Deferred[int]:
        """
        Ask the gateway that prints on a port to do something.

        @return: the number under which a beat has the answer.
        """


class IHistory(IWatcher):
    """
    The jobs that have ended, and what has happened to each.

    What it is told as a watcher it knows at once, and has on stable storage a moment later, if it
    has any.  No method blocks.  Those that ask fail with L{HistoryFailed
    <jetdirect.errors.HistoryFailed>} when its disk is not well; nothing else waits for that.
    """

    retention: Any = Attribute("What is kept; L{Retention<jetdirect.watch.retention.Retention>}.")

    def jobs(wanted: Wanted) -> Deferred[Sequence[JobRecord]]:
        """The jobs that are wanted, the newest number first."""

    def job(number: int) -> Deferred[JobRecord | None]:
        """One of them."""

    def events(number: int) -> Deferred[Sequence[JobEvent]]:
        """
        What was noted of a job, also of one that has not ended; L{life<jetdirect.life.life>} has
        the rest.
        """

    def sums(wanted: Wanted, skip: int = 0) -> Deferred[Sequence[Sum]]:
        """
        The jobs that are wanted, counted: the newest day first.

        @param wanted: its limit counts lines; C{skip}: leave out so many of the first ones.
        """

    def note(event: JobEvent) -> Deferred[None]:
        """
        Remember what somebody did to a job.

        @return: fires when that is on stable storage, or will be when the disk is well.
        """

    def erase(number: int) -> Deferred[bool]:
        """Remove what could lead to a person.  Fires, durable, with whether it knows the job."""

    def eraseBefore(when: float, by: str) -> Deferred[int]:
        """
        Do so with all that ended before (seconds since the epoch), and note who wanted it.

        @return: fires with how many.
        """

    def recorded(number: int) -> bool:
        """Is the end of a job, of which it was told, on stable storage, if it has any?"""

    def restore(record: JobRecord) -> None:
        """Know a job that ended under the process before, if it is not known."""

    def reserve(count: int) -> Deferred[int]:
        """
        Take so many numbers for jobs; the first of them.  None is ever given twice, as far as there
        is a place to remember that.
        """

    def close(within: float) -> Deferred[None]:
        """Write what is not written.  Fires, never fails, at the latest after so many seconds."""


class IOperator(Interface):
    """
    What a person can do with jobs and printing ports.

    Each change is durable, as far as there is a place for it, when its Deferred fires.  They fail
    with a L{VerbRefused<jetdirect.errors.VerbRefused>} that says in a sentence why it cannot be:
    L{NoSuchJob<jetdirect.errors.NoSuchJob>}, L{NoSuchPort<jetdirect.errors.NoSuchPort>},
    L{WrongState<jetdirect.errors.WrongState>}, L{HistoryFailed<jetdirect.errors.HistoryFailed>}; or
    with L{SpoolFailed<jetdirect.errors.SpoolFailed>} or L{SpoolFull<jetdirect.errors.SpoolFull>},
    when the spool does not do it.

    C{by} is who wants it; it is recorded.  What they return is the job as it is then.
    """

    def ports() -> Sequence[PortRecord]:
        """All printing ports, in the order of the configuration."""

    def port(name: str) -> PortRecord:
        """One of them, by whatever leads to it.  @raise NoSuchPort: nothing is called so."""

    def jobs(wanted: Wanted) -> Deferred[Sequence[JobRecord]]:
        """The jobs that are known, the newest number first; those that ended, too."""

    def show(number: int) -> Deferred[JobRecord]:
        """One job."""

    def printing() -> Sequence[JobRecord]:
        """The jobs that have a printer now; at once, also where thousands are kept."""

    def line(port: str, limit: int = 100) -> Deferred[Sequence[JobRecord]]:
        """
        The jobs that wait at a printing port, or are held there, in the order in which they print.

        @param limit: so many at most.
        """

    def events(number: int) -> Deferred[Sequence[JobEvent]]:
        """What has happened to it, in the order in which it did."""

    def sums(wanted: Wanted, skip: int = 0) -> Deferred[Sequence[Sum]]:
        """L{IHistory.sums}."""

    def cancel(number: int, by: str) -> Deferred[JobRecord]:
        """End a job that has not ended; also while its printer is away."""

    def hold(number: int, by: str) -> Deferred[JobRecord]:
        """Let a job that waits wait for a person."""

    def release(number: int, by: str) -> Deferred[JobRecord]:
        """Let a held job print, in its old place; one in doubt whole, and so perhaps twice."""

    def next(number: int, by: str) -> Deferred[JobRecord]:
        """Let a job that waits be the next one."""

    def move(number: int, to: str, by: str) -> Deferred[JobRecord]:
        """Let a job that waits or is held print at another port, behind all that wait there."""

    def reprint(number: int, by: str) -> Deferred[JobRecord]:
        """Print a job that has ended, and whose bytes are kept, once more: as a new job."""

    def erase(number: int, by: str) -> Deferred[JobRecord]:
        """Remove the bytes of a job that has ended, and all names from its record."""

    def moveAll(port: str, to: str, by: str) -> Deferred[int]:
        """Move all that wait or are held.  Fires with how many."""

    def eraseBefore(when: float, by: str) -> Deferred[int]:
        """Erase all jobs that ended before (seconds since the epoch).  Fires with how many."""

    def test(port: str, by: str, language: str = "") -> Deferred[JobRecord]:
        """
        Print a page by which one sees that a port prints: as one more job, which goes on by itself.

        @param language: one of L{LANGUAGES<jetdirect.testpage.LANGUAGES>}; by default what the
            printer says that it knows.
        @return: fails with L{ValueError} when there is no such language.
        """

    def pause(port: str, by: str, now: bool = False) -> Deferred[bool]:
        """
        Let a port print nothing after the job that it has; one that streams refuses jobs (450).

        @param now: cut that job; it is held, if a part of it may be on paper.
        @return: fires with whether it stays so over a restart.
        """

    def resume(port: str, by: str) -> Deferred[bool]:
        """Let it print again.  Fires likewise."""

    def pauseAll(by: str, now: bool = False) -> Deferred[bool]:
        """Pause all printing ports, in one step."""

    def resumeAll(by: str) -> Deferred[bool]:
        """Let all print again."""


class IPrinterScheme(IPlugin):
    """
    A kind of transport, by the scheme of its device URIs.

    Provide it from a module in C{twisted/plugins} and every C{--printer} can use it.
    """

    scheme: str = Attribute("The part of the URI before the colon, in lower case.")
    example: str = Attribute("A device URI as the help text and error messages show it.")
    options: Sequence[Option] = Attribute("What may follow the question mark.")

    def transport(reactor: IGatewayReactor, uri: DeviceURI) -> IPrinterTransport:
        """
        Make the transport.

        @param reactor: the reactor to use; TCP connections are the gateway's own there.
        @param uri: a parsed L{DeviceURI<jetdirect.uri.DeviceURI>}, with the values of all options.
        @raise ValueError: something in the URI is wrong; the text names it and the remedy.
        """
