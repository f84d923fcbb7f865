"""
One session, driven by hypothesis: any commands, uploads, printer's whims and time, in any order.

The model knows what each reply must be; jetdirect's own testing peers play sender and printer.
"""

from __future__ import annotations

import re

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.errors import PrintError
from jetdirect.ftp.interpreter import UNKNOWN_WORDS
from jetdirect.gateway import Gateway
from jetdirect.named import PortSettings
from jetdirect.testing import FakePrinter, FakeSender

SIMPLE = {
    "NOOP": (200, 200),
    "SYST": (215, 215),
    "STAT": (211, 211),
    "FEAT": (211, 211),
    "HELP": (214, 214),
    "ABOR": (226, 226),
    "XYZZY": (500, 500),
    "TYPE I": (530, 200),
    "TYPE A": (530, 200),
    "PWD": (530, 257),
    "CWD port1": (530, 250),
    "CWD nowhere/else": (530, 550),
    "MODE B": (530, 504),
    "REST 5": (530, 501),
    "REST 0": (530, 350),
    "STOR": (530, 501),
    "STOR page": (530, 425),
    "LIST": (530, 425),
    "RETR page": (530, 550),
    "PORT 198,51,100,1,200,1": (530, 504),
    "PORT 192,0,2,1,0,22": (530, 504),
    "PORT 1,2,3": (530, 501),
}
"""Each command's reply before login and after it, when nothing runs."""

LIMIT = 20
"""Bytes that a job may have."""

WAITING = {"TYPE I": 200, "PWD": 257, "SYST": 215, "XYZZY": 500}
"""Commands that wait for a running upload, and what they get then."""


class Session(RuleBasedStateMachine):
    """
    The model: is somebody logged in, does an upload run, what was sent of it.
    """

    @initialize()
    def begin(self) -> None:
        """A gateway with one printer, and somebody who connects."""
        self.reactor = MemoryReactorClock()
        self.printer = FakePrinter()
        self.gateway = Gateway(
            Configuration([self.printer], [], defaults=PortSettings(maxJobBytes=LIMIT)),
            self.reactor,
        )
        self.gateway.startService()
        self.jobs = 0
        self.connect()

    def connect(self) -> None:
        """A new session."""
        self.sender = FakeSender(self.gateway.factory)
        assert self.sender.greeting.startswith("220 ")
        self.loggedIn = self.running = self.finishing = self.paused = False
        self.sent = b""
        self.queue: list[int] = []
        self.type = "A"
        self.announced = self.size = 0
        self.unknownWords = 0

    # The model's view of replies.

    def expect(self, heard: str, *codes: int) -> None:
        """Just these replies, in this order, and then what waited."""
        found = [int(code) for code in re.findall(r"^(\d{3}) ", heard, re.MULTILINE)]
        assert found == list(codes), f"expected {codes}: {heard}"

    def ended(self, heard: str, *codes: int) -> None:
        """The upload is over with these replies."""
        queue, self.queue = self.queue, []
        self.expect(heard, *codes, *queue)
        self.running = self.finishing = self.paused = False

    def failure(self) -> int:
        """What a job gets that is cut now."""
        return 551 if self.sent else 451

    def release(self) -> str:
        """A hesitant printer lets an aborted job go."""
        if self.printer.jobs[-1].ended == "aborted":
            self.printer.jobs[-1].answer()
        return self.sender.hear()

    # Commands.

    @rule(line=st.sampled_from(sorted(SIMPLE)))
    @precondition(lambda self: not self.running)
    def command(self, line: str) -> None:
        """Any command while nothing runs."""
        heard = self.sender.say(line)
        if line == "XYZZY" and not self.loggedIn:
            self.unknownWords += 1
            if self.unknownWords == UNKNOWN_WORDS:
                assert heard.startswith(("421 ", "500 ")), heard
                self.sender.wire.fin()
                self.connect()
                return
        self.expect(heard, SIMPLE[line][self.loggedIn])
        if self.loggedIn and line.startswith("TYPE"):
            self.type = line[-1]
        elif self.loggedIn and line == "STOR page":
            self.announced = 0

    @rule()
    @precondition(lambda self: not self.running)
    def login(self) -> None:
        """Log in, or anew."""
        self.expect(self.sender.say("USER tester"), 331)
        self.expect(self.sender.say("PASS x"), 230)
        self.loggedIn = True

    @rule(line=st.sampled_from(["NOOP", "STAT", "STAT port1"]))
    @precondition(lambda self: self.running)
    def meanwhile(self, line: str) -> None:
        """Answered at once while a job prints."""
        code = {"NOOP": 200, "STAT": 211}.get(line, 213)
        self.expect(self.sender.say(line), code)

    @rule(line=st.sampled_from(sorted(WAITING)))
    @precondition(lambda self: self.running and len(self.queue) < 20)
    def later(self, line: str) -> None:
        """Waits for the job."""
        self.expect(self.sender.say(line))
        self.queue.append(WAITING[line])
        if line == "TYPE I":
            self.type = "I"

    # Uploads.

    @rule(size=st.sampled_from([0, 0, 9, 18, LIMIT, LIMIT + 1]))
    @precondition(lambda self: self.loggedIn and not self.running)
    def announce(self, size: int) -> None:
        """The size of the next upload; it counts in TYPE I."""
        self.expect(self.sender.say(f"ALLO {size}"), 200)
        self.announced = size

    def begins(self) -> bool:
        """An upload is asked for: is it not announced to be too long?"""
        self.size, self.announced = self.announced if self.type == "I" else 0, 0
        self.jobs += 1
        self.sent = b""
        return self.size <= LIMIT

    @rule(verb=st.sampled_from(["STOR", "APPE", "STOU"]), hesitant=st.booleans())
    @precondition(lambda self: self.loggedIn and not self.running)
    def upload(self, verb: str, hesitant: bool) -> None:
        """An upload begins."""
        self.printer.hesitant = hesitant
        self.running = self.begins()
        self.expect(self.sender.begin("page", verb), 150 if self.running else 552)

    @rule()
    @precondition(lambda self: self.loggedIn and not self.running)
    def refusedUpload(self) -> None:
        """The printer cannot be opened, and trying again is of no use."""
        fits = self.begins()
        if fits:
            self.printer.refusals.append(PrintError("out of order"))
        self.expect(self.sender.begin("page"), 451 if fits else 552)

    @rule(data=st.sampled_from([b"a", b"\0\xff\r\n", b"half", b"nine more", b"x" * (LIMIT + 1)]))
    @precondition(lambda self: self.running and not self.finishing)
    def send(self, data: bytes) -> None:
        """Some bytes; a printer that takes none gets none."""
        assert self.sender.data is not None
        if self.paused:
            return
        self.sender.data.receive(data)
        self.took(data)

    def took(self, data: bytes) -> None:
        """The gateway has read this; a piece with which a job is too long is not printed."""
        if len(self.sent + data) > LIMIT:
            assert self.printer.jobs[-1].data == self.sent
            self.cut(552)
            return
        self.sent += data
        assert self.printer.jobs[-1].data == self.sent
        self.expect(self.sender.hear())

    @rule()
    @precondition(lambda self: self.running and not self.finishing and not self.paused)
    def pause(self) -> None:
        """The printer takes no more; the sender is not read."""
        assert self.sender.data is not None
        self.printer.jobs[-1].pause()
        self.sender.data.receive(b"held back")
        assert self.printer.jobs[-1].data == self.sent
        self.paused = True

    @rule()
    @precondition(lambda self: self.paused)
    def resume(self) -> None:
        """It takes bytes again."""
        self.printer.jobs[-1].resume()
        self.paused = False
        self.took(b"held back")

    @rule()
    @precondition(lambda self: self.running and not self.finishing and not self.paused)
    def endOfData(self) -> None:
        """The data connection ends in order."""
        assert self.sender.data is not None
        self.sender.data.fin()
        if self.size not in (0, len(self.sent)):
            self.cut(self.failure())
        elif self.printer.hesitant:
            self.finishing = True
            self.expect(self.sender.hear())
        else:
            self.completed(self.sender.hear())

    @rule()
    @precondition(lambda self: self.finishing)
    def printerAnswers(self) -> None:
        """The printer has it all."""
        self.printer.jobs[-1].answer()
        self.completed(self.sender.hear())

    def completed(self, heard: str, *farewell: int) -> None:
        """A 226, and what it says is true."""
        told = f"(PORT1, job {self.jobs}, {len(self.sent)} bytes, delivered)"
        assert f"226 Transfer complete {told}" in heard
        assert self.printer.jobs[-1].data == self.sent
        assert self.printer.jobs[-1].tail == b""
        self.ended(heard, 226, *farewell)

    @rule(inTime=st.booleans())
    @precondition(lambda self: self.running and not self.paused)
    def stop(self, inTime: bool) -> None:
        """The gateway is stopped: the job has the drain time-out to finish, then the session
        ends."""
        stopped = self.gateway.stopService()
        self.expect(self.sender.hear())
        self.queue = []
        assert self.sender.data is not None
        if inTime and self.size in (0, len(self.sent)):
            if not self.finishing:
                self.sender.data.fin()
            if self.printer.hesitant:
                self.printer.jobs[-1].answer()
            self.completed(self.sender.hear(), 421)
        else:
            self.reactor.pump([1.0] * 61)
            self.ended(self.sender.hear(), 551 if self.sent else 421, 421)
            self.release()
        refused = FakeSender(self.gateway.factory)
        assert refused.greeting.startswith("421 ")
        for sender in (self.sender, refused):
            sender.wire.fin()
        self.reactor.pump([0.1] * 50)
        assert stopped.called
        assert list(self.reactor.getDelayedCalls()) == []
        self.begin()

    # What goes wrong.

    @rule()
    @precondition(lambda self: self.running and not self.finishing)
    def dataReset(self) -> None:
        """The data connection is reset; paused or not, that is seen."""
        assert self.sender.data is not None
        self.sender.data.rst()
        self.cut(self.failure())

    @rule()
    @precondition(lambda self: self.running)
    def printerLost(self) -> None:
        """The printer is gone."""
        code = self.failure()
        self.printer.jobs[-1].lose()
        self.cut(code)

    @rule()
    @precondition(lambda self: self.running)
    def operatorCancels(self) -> None:
        """Refused for good, whether something was printed or not."""
        code = 551 if self.sent else 550
        assert self.gateway.server.cancel(self.jobs)
        self.cut(code)

    def cut(self, code: int) -> None:
        """The job's own reply comes at once."""
        heard = self.sender.hear()
        self.ended(heard, code)
        self.release()

    @rule()
    @precondition(lambda self: self.running)
    def abort(self) -> None:
        """ABOR: 426, then 226 when the printer is free, which is not "Transfer complete"."""
        heard = self.sender.say("ABOR")
        if self.printer.hesitant:
            self.expect(heard, 426)
            heard = f"{heard}\n{self.release()}"
        assert "Transfer complete" not in heard
        self.ended(heard, 426, 226)

    @rule(reset=st.booleans())
    def hangUp(self, reset: bool) -> None:
        """The control connection is lost; whatever runs is cut, and the next session works."""
        if reset:
            self.sender.wire.rst()
        else:
            self.sender.wire.fin()
        if self.running:
            [job] = [each for each in self.gateway.server.jobs if each.number == self.jobs]
            assert job.outcome in ("aborted", "canceled")
            self.release()
        self.connect()

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 30.0]))
    def wait(self, seconds: float) -> None:
        """Time passes; too little for any limit, because there is a sign of life first."""
        self.expect(self.sender.say("NOOP"), 200)
        if self.loggedIn:
            self.reactor.advance(seconds)
            self.expect(self.sender.hear())

    def teardown(self) -> None:
        """Nothing stays behind, whatever was."""
        if not hasattr(self, "gateway"):
            return
        self.sender.wire.rst()
        if self.printer.jobs:
            self.release()
        stopped = self.gateway.stopService()
        self.reactor.pump([0.1] * 50)
        assert stopped.called
        assert list(self.reactor.getDelayedCalls()) == []
        jobs = self.gateway.server.jobs
        assert all(job.ended for job in jobs)
        assert [job.number for job in jobs] == sorted({job.number for job in jobs})


Session.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True
)
TestSession = Session.TestCase
