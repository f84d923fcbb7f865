"""
What a sender does wrong, and what is done to its printer and its gateway meanwhile.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from typing import TYPE_CHECKING

from ..invariants import Ending
from ..simulation.faults import FINISHING, FLOWING, LOGGED_IN, WAITING
from .cells import MORTAL, PATIENT
from .data import THIEF
from .gateway import MAX_SESSIONS
from .hold import Hold

if TYPE_CHECKING:
    from .sender import Sender

AWAY = 0.3
"""Seconds for which a printer is switched off."""

_UNHELD = ("data silent", "data late", "active refused", "active unanswered")
"""Faults of jobs that wait for nothing but their data connection."""

_NEVER_CONNECTS = (
    *("data never made", "active refused", "active unanswered", "data from elsewhere"),
)

_MANY = 3000
"""ABOR in a flood."""

_HELLO = 517
"""Bytes of a usual ClientHello."""

FORGETS = 1, 2.5
"""Seconds after which a forgetful sender's kernel has forgotten what was closed, and that its
printer takes to go on: the gateway, whose probes are a second apart, has asked meanwhile."""

ABORTED = "ABOR was said before the data's end"

_RUNNING = (WAITING, FLOWING, FINISHING)


class Left(Exception):
    """The session is over; there is nothing more to be said in it."""


def _occupy(listener: socket.socket, host: str, number: int) -> None:
    # The gateway may just be about to close a port that it needs no more.
    deadline = time.monotonic() + 2.0
    while True:
        try:
            listener.bind((host, number))
            listener.listen()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


class Misdeeds:
    """
    The fault of one case; C{commit} does it.

    @ivar keepsFromConnecting: the passive data connection is not made in good time.
    @ivar neverConnects: nor later.
    @ivar endsItself: the data connection's end is the fault.
    @ivar leavesUnread: the job is as long as it must be for the gateway not to have read all of it
        when it is whole.
    @ivar poursBlindly: bytes are sent before the 150.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        case = sender.case
        self._name = case.kind.name
        late = self._name in ("data late", "data never made", "data from elsewhere")
        self.keepsFromConnecting = late or (self._name == "thief" and case.phase == LOGGED_IN)
        self.neverConnects = self._name in _NEVER_CONNECTS
        atEnd = self._name in ("data RST", "TLS without close_notify")
        self.endsItself = atEnd and case.phase == FINISHING
        self.leavesUnread = case.kind.full
        self.poursBlindly = not case.phase and case.coin < 0.2

    def commit(self) -> None:
        """Do it."""
        sender = self._sender
        kind = sender.case.kind
        if kind.side == "gateway":
            self._strike()
        else:
            getattr(self, "_" + re.sub(r"\W+", "_", self._name))()
        if sender.hold is not None and sender.phase == WAITING:
            sender.hold.release()

    # Before the upload.

    def announce(self) -> None:
        """ALLO, if there is to be one."""
        sender, case = self._sender, self._sender.case
        if case.type != "I" or case.kind.full or self._name == "TLS hello in clear":
            return
        size = case.size
        if self._name == "wrong ALLO":
            size += 1 if case.coin < 0.5 else -1
        elif case.phase == FLOWING if self._name == "job too long" else case.coin < 0.6:
            return
        sender.session.ask(f"ALLO {size}")
        sender.prepared.announced = size or None

    def beforeStore(self) -> None:
        """What has to be there when the job comes."""
        sender, case = self._sender, self._sender.case
        if case.phase != WAITING or case.kind.scripted or self._name in _UNHELD:
            if self._name == "active unanswered" and sender.dataPort is not None:
                sender.dataPort.mute()
            return
        if self._name == "printer does not answer":
            sender.printer.mute()
        elif self._name == "printer refuses" or case.gateway == MORTAL:
            sender.hold = Hold(sender, byTurn=False)
        else:
            busy = self._name in ("port busy", "job in front cut", "printer switched off")
            sender.hold = Hold(sender, byTurn=busy or case.coin < 0.5)
        if self._name == "printer does not answer":
            sender.hold = None

    def _waits(self) -> None:
        # The job is at the printing port, and does not have its printer.
        sender = self._sender
        if sender.phase == WAITING and self._name not in _UNHELD:
            sender.gateway.journal.began(sender.name, 5.0)

    def _hit(self) -> None:
        self._waits()
        self._sender.hits += 1

    def _against(self, text: str) -> None:
        if self._sender.phase in _RUNNING:
            self._sender.upload.against.append(text)

    # The control connection.

    def _control_FIN(self) -> None:
        self._hit()
        wire = self._sender.session.wire
        if self._sender.case.coin < 0.5:
            wire.close()
        else:
            wire.cut()
        self._gone()

    def _gone(self) -> None:
        sender = self._sender
        sender.closedAt = time.monotonic()
        if sender.phase in (WAITING, FLOWING) and sender.upload.ending is not Ending.FIN:
            self._against("the control connection was closed before the data's end")
        raise Left

    def _control_RST(self) -> None:
        self._hit()
        self._sender.session.wire.reset()
        self._gone()

    def _control_FIN_data_goes_on(self) -> None:
        sender = self._sender
        self._hit()
        sender.session.wire.close()
        sender.closedAt = time.monotonic()
        self._against("the control connection was closed before the data's end")
        if sender.data is not None:
            sender.pushTo(len(sender.upload.payload), 3.0)
            if sender.upload.sent == len(sender.upload.payload):
                sender.finishData()
        raise Left

    def _sender_killed(self) -> None:
        sender = self._sender
        self._hit()
        ends = [sender.session.wire, *([sender.data] if sender.data is not None else [])]
        sender.random.shuffle(ends)
        for end in ends:
            end.close()
        sender.closedAt = time.monotonic()
        if sender.prepared.ending is Ending.OPEN:
            sender.prepared.ending = Ending.FIN
        raise Left

    def _ABOR(self) -> None:
        self._abort(b"")

    def _ABOR_with_Synch(self) -> None:
        self._hit()
        self._sender.session.wire.urgent(b"\xff\xf4\xff")
        self._abort(b"\xf2")

    def _abort(self, before: bytes) -> None:
        sender, control = self._sender, self._sender.session
        if not before:
            self._hit()
        command = control.dialogue.say("ABOR")
        control.raw(before + b"ABOR\r\n")
        if sender.phase in _RUNNING and not sender.answered:
            job = sender.upload
            job.aborts += 1
            if sender.data is not None and job.ending is Ending.OPEN and sender.case.coin < 0.4:
                sender.finishData()
            elif sender.case.coin < 0.8:
                sender.silent = True
                self._against(ABORTED)
            if sender.phase == FLOWING and not sender.silent:
                sender.pushTo(len(job.payload))
            sender.final()
            sender.gate.set()
            control.answered(command)
            job.abortReplies = command.replies
            job.disconnected = job.disconnected or not command.answered
        elif control.answered(command) is None:
            sender.oddities.append(f"{sender.name}: ABOR ({sender.phase}) was never answered")
        if sender.phase == LOGGED_IN:
            sender.preparedData()

    def _ABOR_flood(self) -> None:
        sender, control = self._sender, self._sender.session
        self._hit()
        job, commands = sender.upload, [control.dialogue.say("ABOR") for _ in range(_MANY)]
        control.raw(b"ABOR\r\n" * _MANY)
        if not sender.answered:
            job.aborts += _MANY
            sender.silent = True
            self._against(ABORTED)
        control.until(lambda: sender.answered)
        sender.gate.set()
        control.until(lambda: all(each.answered for each in commands))
        job.abortReplies = [reply for each in commands for reply in each.replies]
        if control.dialogue.farewell is not None:  # 421: what comes behind is not answered
            job.aborts = max(1, len(job.abortReplies))
        raise Left

    def _QUIT_and_FIN(self) -> None:
        self._hit()
        self._sender.session.say("QUIT")
        self._sender.session.wire.cut()

    def _QUIT(self) -> None:
        sender = self._sender
        self._hit()
        sender.session.say("QUIT")
        if sender.phase not in _RUNNING:
            sender.session.until(lambda: False)
            if sender.session.dialogue.farewell is None:
                sender.oddities.append(f"{sender.name}: no goodbye")
            raise Left

    def _REIN(self) -> None:
        sender = self._sender
        self._hit()
        command = sender.session.say("REIN")
        if sender.phase in _RUNNING:
            return
        if sender.session.answered(command) is None:
            sender.oddities.append(f"{sender.name}: REIN ({sender.phase}) was never answered")
        if sender.phase == LOGGED_IN:
            sender.logIn()
            sender.preparedData()

    def _STAT_and_NOOP(self) -> None:
        self._hit()
        for line in ("STAT", "NOOP", f"STAT port{self._sender.port}", "STAT"):
            self._sender.session.say(line)

    def _hostile_lines(self) -> None:
        self._hit()
        control = self._sender.session
        control.dialogue.say("")
        control.raw(b"X" * 5000 + b"\r\n")
        for line in ("XYZZY \x1b[31m", "XYZZY ABOR", "RETR ../../x", "MODE B", "HELP {0}%s"):
            control.say(line)

    def _half_a_line(self) -> None:
        self._hit()
        control = self._sender.session
        control.raw(b"NO")
        time.sleep(0.02)
        control.dialogue.say("NOOP")
        control.raw(b"OP\r\n")

    def _replies_not_read(self) -> None:
        self._hit()
        for _ in range(100):
            self._sender.session.dialogue.say("STAT")
            self._sender.session.raw(b"STAT\r\n")

    def _too_many_commands(self) -> None:
        self._hit()
        for _ in range(40):
            self._sender.session.say("TYPE I")

    def _fast_reconnects(self) -> None:
        sender = self._sender
        for number in range(20):
            with socket.create_connection(sender.gateway.address(sender.case.v6)) as each:
                if number % 3 == 1:
                    each.settimeout(5)
                    each.recv(100)
                elif number % 3 == 2:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._hit()

    def _too_many_sessions(self) -> None:
        sender = self._sender
        with contextlib.ExitStack() as stack:
            heard = []
            for _ in range(MAX_SESSIONS):
                address = sender.gateway.address(sender.case.v6)
                each = stack.enter_context(socket.create_connection(address))
                each.settimeout(10)
                heard.append(each.recv(100)[:3])
            if heard != [b"220"] * (MAX_SESSIONS - 1) + [b"421"]:
                sender.oddities.append(f"{MAX_SESSIONS} sessions more were greeted with {heard}")
        self._hit()

    def _silent_session(self) -> None:
        sender = self._sender
        self._hit()
        sender.session.until(lambda: False)
        farewell = sender.session.dialogue.farewell
        if farewell is None or farewell.code != 421:
            sender.oddities.append(f"{sender.name}: silence was answered with {farewell}")
        raise Left

    # The data connection.

    def _data_RST(self) -> None:
        sender = self._sender
        if sender.data is None or sender.data.closed:
            return
        self._hit()
        sender.data.reset()
        sender.prepared.ending = Ending.RESET
        sender.silent = True

    def _data_FIN_early(self) -> None:
        sender = self._sender
        if sender.data is None:
            return
        self._hit()
        ended = sender.data.finish()
        sender.prepared.ending = Ending.FIN if ended else Ending.CLOSED
        sender.silent = True

    def _urgent_data(self) -> None:
        sender = self._sender
        if sender.data is None:
            return
        job = sender.upload
        if sender.data.acknowledged():  # or it would have to wait for room
            self._hit()
            byte = job.payload[job.sent : job.sent + 1]
            sender.data.urgent(byte)
            job.sent += len(byte)

    def _RST_after_FIN(self) -> None:
        sender = self._sender
        if sender.data is not None and sender.data.acknowledged() and sender.data.unread():
            self._hit()
            sender.data.reset()

    def _sender_forgets(self) -> None:
        sender = self._sender
        if sender.data is not None and sender.data.acknowledged() and sender.data.unread():
            self._hit()
            seconds, pause = FORGETS
            sender.data.forgetful(seconds)
            sender.data.close()
            time.sleep(pause)

    def _data_from_elsewhere(self) -> None:
        # As behind a NAT with several addresses; the gateway takes nothing from there.
        sender = self._sender
        assert sender.dataPort is not None
        self._hit()
        sender.prepared.against.append("its data came from another host")
        wire = sender.dataPort.connect(THIEF)
        if wire is not None:
            wire.sendAll(sender.prepared.payload[:1000])
            wire.finish()
            wire.close()

    def _TLS_hello_in_clear(self) -> None:
        # Who forgets PROT P and shakes hands all the same (curl, FileZilla and pyftpdlib do).
        sender = self._sender
        self._hit()
        sender.session.ask("PROT C")
        sender.protects = False
        rest = sender.random.randbytes(_HELLO - 9)
        sender.prepared.payload = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + rest
        sender.prepared.unprintable = True
        sender.preparedData()

    def _data_silent(self) -> None:
        self._hit()
        self._sender.silent = True

    def _data_slow(self) -> None:
        sender = self._sender
        self._hit()
        for _ in range(20):
            sender.pushTo(min(sender.upload.sent + 1, len(sender.upload.payload)))
            time.sleep(0.005)

    def _data_late(self) -> None:
        sender = self._sender
        sender.session.until(lambda: bool(sender.upload.replies))
        time.sleep(0.05 + 0.3 * sender.case.coin)
        self._hit()
        sender.connectData()

    def _data_never_made(self) -> None:
        self._hit()

    def _no_data_port(self) -> None:
        self._hit()

    def _active_refused(self) -> None:
        self._hit()

    def _active_unanswered(self) -> None:
        self._hit()

    def _wrong_ALLO(self) -> None:
        self._hit()

    def _job_too_long(self) -> None:
        self._hit()

    def _intrude(self, source: str) -> None:
        sender = self._sender
        assert sender.dataPort is not None
        wire = sender.dataPort.connect(source)
        if wire is not None:
            wire.sendAll(b"STOLEN")
            wire.close()
        self._hit()

    def _second_data_connection(self) -> None:
        self._intrude(self._sender.session.local)

    def _thief(self) -> None:
        self._intrude(THIEF)
        if self._sender.phase == LOGGED_IN:
            self._sender.connectData()

    def _no_passive_port(self) -> None:
        sender = self._sender
        assert sender.gateway.passive is not None
        sender.closeData()
        low, high = sender.gateway.passive
        host = sender.session.host
        with contextlib.ExitStack() as stack:
            for number in range(low, high + 1):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                each = stack.enter_context(socket.socket(family))
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                _occupy(each, host, number)
            answer = sender.session.ask("EPSV")
            if answer is None or answer.code != 425:
                sender.oddities.append(f"{sender.name}: EPSV without a port: {answer}")
        self._hit()
        sender.preparedData()

    def _TLS_without_close_notify(self) -> None:
        sender = self._sender
        assert sender.data is not None
        self._hit()
        sender.upload.ending = Ending.FIN if sender.data.cut() else Ending.CLOSED
        sender.silent = True
        self._against("the data connection ended without close_notify")

    # The printer.

    def _port_busy(self) -> None:
        self._keepsWaiting()

    def _job_in_front_cut(self) -> None:
        # Its printer does not end it before it is let go; the turn comes no earlier.
        sender = self._sender
        self._hit()
        assert sender.hold is not None
        sender.hold.cut()
        time.sleep(0.1 + 0.4 * sender.case.coin)

    def _printer_refuses(self) -> None:
        self._keepsWaiting()

    def _printer_does_not_answer(self) -> None:
        self._keepsWaiting()
        self._sender.printer.heal()

    def _keepsWaiting(self) -> None:
        sender = self._sender
        self._hit()
        if sender.case.gateway == PATIENT:
            time.sleep(0.1 + 0.4 * sender.case.coin)
        else:
            sender.final()

    def _printer_switched_off(self) -> None:
        sender = self._sender
        self._hit()
        sender.printer.refuse()
        sender.printer.resetAll()
        sender.timer = threading.Timer(AWAY * (0.2 + sender.case.coin), sender.printer.heal)
        sender.timer.start()

    # The gateway.

    def _strike(self) -> None:
        sender = self._sender
        self._hit()
        assert sender.strike is not None
        sender.strike()
        if self._name == "SIGTERM, drain expires":
            sender.silent = sender.phase == FLOWING
            if sender.phase in (FLOWING, FINISHING):
                sender.final()
