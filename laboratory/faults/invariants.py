"""
What must hold of any run of a gateway, whoever made it: the simulation or real sockets.

Pure: a L{Run} says what the senders heard, what the printers got and what the log says; L{check}
says what of it must not be.  What a laboratory does not know it leaves at its default, and is not
judged by.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

FINAL = range(200, 600)
"""Codes of replies that are the last to their command."""

COMPLETE = re.compile(
    r"^226 Transfer complete \((?P<port>\S+), job (?P<job>\d+), (?P<bytes>\d+) bytes,"
    r" (?P<level>[^)]+)\)$"
)


class Ending(Enum):
    """How the sender ended the data connection of an upload."""

    NONE = "was never made"
    OPEN = "was left open"
    FIN = "was ended in order"
    RESET = "was reset"
    BARE = "was ended without close_notify"
    UNENCRYPTED = "was ended before TLS had begun"
    CLOSED = "was closed by the gateway"


@dataclass(frozen=True)
class Heard:
    """One reply, all its lines."""

    code: int
    text: str

    @property
    def lastLine(self) -> str:
        """The line that ends it, with the code."""
        return self.text.rpartition("\n")[2]

    @property
    def complete(self) -> re.Match[str] | None:
        """The parts of a 226 that says that a job is complete."""
        return COMPLETE.match(self.lastLine)


@dataclass
class Upload:
    """
    One STOR, STOU or APPE, from the sender's side.

    @ivar name: unique in the run.
    @ivar payload: what the sender meant to send.
    @ivar printer: the one that the path names; L{None}: it names none.
    @ivar sent: how many bytes of it the sender gave away before it ended the data connection.
    @ivar replies: those to this command, in order; not ABOR's own, not a closing 421.
    @ivar aborts: how many ABOR were sent before the final reply was heard.
    @ivar abortReplies: those to ABOR.
    @ivar disconnected: the control connection ended, by whomever, before a final reply was heard.
    @ivar announced: what ALLO said in TYPE I for this upload.
    @ivar against: other evidence that the gateway had before it wrote the reply.
    @ivar canceled: the operator's cancellation was accepted.
    @ivar stopped: the gateway was shut down before the reply.
    @ivar faultless: nothing at all speaks against a 226.
    @ivar tail: what a printer needs after so many bytes of the payload, if the job is cut there.
    @ivar dressed: what the printer gets for so many bytes; the second argument says whether they
        are the whole job.
    @ivar limit: how many bytes a job may have at this gateway.
    @ivar unprintable: it is no print job, and nothing of it may be printed.
    @ivar unheard: nobody waits for the reply, nothing speaks against the job, and the gateway is
        told to expect that.
    """

    name: str
    payload: bytes
    sent: int = 0
    printer: str | None = None
    ending: Ending = Ending.FIN
    replies: list[Heard] = field(default_factory=list)
    aborts: int = 0
    abortReplies: list[Heard] = field(default_factory=list)
    disconnected: bool = False
    announced: int | None = None
    against: list[str] = field(default_factory=list)
    canceled: bool = False
    stopped: bool = False
    faultless: bool = False
    tail: Callable[[bytes], bytes] = lambda _: b""
    dressed: Callable[[bytes, bool], bytes] = lambda data, whole: data
    limit: int | None = None
    unheard: bool = False
    unprintable: bool = False

    @property
    def wanted(self) -> bytes:
        """What the printer must have got when the job is complete."""
        return self.dressed(self.payload[: self.sent], True)

    def cuts(self, taken: bytes) -> range:
        """
        After how many bytes of the payload it may have been cut, the likeliest first.

        @param taken: what the printer got.
        """
        same = _common(taken, self.dressed(self.payload, False))
        low, high = 0, len(self.payload)
        while low < high:
            middle = (low + high + 1) // 2
            if len(self.dressed(self.payload[:middle], False)) <= same:
                low = middle
            else:
                high = middle - 1
        return range(low, max(-1, low - 64), -1)

    @property
    def finals(self) -> list[Heard]:
        """The final replies; there should be one."""
        return [reply for reply in self.replies if reply.code in FINAL]

    @property
    def complete(self) -> bool:
        """Was the sender told that the job is complete?"""
        return any(reply.complete for reply in self.finals)


@dataclass
class Print:
    """
    One connection to a printer.

    @ivar upload: whose job it was, by name; L{None} when the laboratory cannot tell.
    @ivar taken: what the printer's kernel took.
    @ivar read: how many bytes of it the printer's program read; L{None}: unknown.
    @ivar opened: when the connection was there, on any scale that grows.
    @ivar closed: when the gateway had closed its descriptor; L{None}: it did not.
    @ivar cut: no FIN of the gateway arrived while the printer still had the connection.
    @ivar lost: the printer did not end it in order: reset it, was switched off, or did not end it.
    @ivar early: the printer ended its direction before the gateway did.
    """

    printer: str
    upload: str | None = None
    taken: bytes = b""
    read: int | None = None
    opened: float = 0.0
    closed: float | None = 0.0
    cut: bool = False
    lost: bool = False
    early: bool = False


@dataclass
class Record:
    """
    What log and job record say of one job.

    @ivar upload: its name.
    @ivar number: the job's.
    @ivar starts: how many start events.
    @ivar ends: the state in each terminal event.
    @ivar reply: the code with which the sender was told.
    @ivar printed: C{yes}, C{no} or C{part}.
    @ivar heard: the record says that the sender was still there to hear it.
    @ivar acknowledged: the sender's kernel had acknowledged the reply when the record was written;
        L{None}: unknown.
    @ivar cutOff: the gateway's process was killed before it could write more.
    """

    upload: str
    number: int
    starts: int = 1
    ends: list[str] = field(default_factory=list)
    bytes: int | None = None
    delivery: str | None = None
    reply: str | None = None
    printed: str | None = None
    heard: bool = True
    acknowledged: bool | None = None
    cutOff: bool = False


@dataclass
class Run:
    """
    All that is known of a run.

    @ivar earlyClose: printers that are known to end their direction early.
    @ivar failures: jobs tried after the last fault was over that did not succeed, in words.
    @ivar leftovers: what is open or scheduled when it should not be, in words.
    @ivar oddities: what a laboratory saw itself: replies to nothing, errors in the log, in words.
    """

    uploads: list[Upload] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    earlyClose: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)

    def printsOf(self, upload: Upload) -> list[Print]:
        """The printer connections of an upload that took bytes or ended well."""
        return [each for each in self.prints if each.upload == upload.name]

    def recordOf(self, upload: Upload) -> Record | None:
        """The record of an upload, if the gateway made a job of it."""
        return next((each for each in self.records if each.upload == upload.name), None)


@dataclass(frozen=True)
class Violation:
    """
    Something that must not be.

    @ivar rule: C{I1} to C{I7}, or the name of a reply rule.
    """

    rule: str
    text: str

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.rule}: {self.text}"


def check(run: Run) -> list[Violation]:
    """All violations in a run; an empty list is what everybody hopes for."""
    return [Violation(rule, text) for rule, judge in RULES.items() for text in judge(run) if text]


def _exact(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if not upload.complete:
            continue
        want, prints = upload.wanted, run.printsOf(upload)
        got = [each.taken for each in prints if each.taken]
        if got not in ([want], [] if not want else [want]):
            sizes = ", ".join(str(len(each)) for each in got) or "nothing"
            yield f"{upload.name} got 226, the printer should have {len(want)} and has {sizes}"
        for reply in upload.finals:
            told = reply.complete
            if told and int(told["bytes"]) != upload.sent:
                yield f"{upload.name}: 226 names {told['bytes']} bytes, {upload.sent} were sent"


def _place(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        for each in run.printsOf(upload):
            if upload.printer not in (None, each.printer):
                yield f"{upload.name} is for {upload.printer}, and came to {each.printer}"


def _prefix(run: Run) -> Iterator[str]:
    for each in run.prints:
        uploads = [u for u in run.uploads if each.upload in (None, u.name)]
        if not uploads:
            yield f"{each.printer} was opened for {each.upload}, which nobody sent"
        elif not any(_fits(each.taken, upload) for upload in uploads):
            names = each.upload or "any job"
            size = len(each.taken)
            yield f"{each.printer} has {size} bytes that are not the beginning of {names}"


def _fits(taken: bytes, upload: Upload) -> bool:
    if upload.dressed(upload.payload, False).startswith(taken):
        return True
    if upload.ending is Ending.FIN and upload.wanted.startswith(taken):
        return True
    if upload.complete:
        return False
    return any(
        len(taken) - size <= len(tail) and tail.startswith(taken[size:])
        for size, tail in _cuts(taken, upload)
    )


def _cuts(taken: bytes, upload: Upload) -> Iterator[tuple[int, bytes]]:
    # Where it may have been cut, in bytes of what the printer gets, and what would end it there:
    # also between the CR and the LF that one byte of the job has become.
    whole = upload.dressed(upload.payload, False)
    for cut in upload.cuts(taken):
        tail = upload.tail(upload.payload[:cut])
        size = len(upload.dressed(upload.payload[:cut], False))
        following = len(upload.dressed(upload.payload[: cut + 1], False))
        yield size, tail
        for torn in range(size + 1, following):
            if taken[:torn] == whole[:torn]:
                yield torn, tail


def _common(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _alone(run: Run) -> Iterator[str]:
    for printer in dict.fromkeys(each.printer for each in run.prints):
        prints = sorted((e for e in run.prints if e.printer == printer), key=lambda e: e.opened)
        for one, following in pairwise(prints):
            if one.closed is None or one.closed > following.opened:
                overlap = "" if one.closed is None else f" for {one.closed - following.opened:.3f}"
                yield (
                    f"{printer} was opened for {following.upload} while {one.upload} still had it"
                    f"{overlap}"
                )


def _oneReply(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        codes = [reply.code for reply in upload.replies]
        finals = upload.finals
        if len(finals) > 1:
            yield f"{upload.name} got {len(finals)} final replies: {codes}"
        elif not finals and not upload.disconnected:
            yield f"{upload.name} got no final reply, only {codes}, and the session is still open"
        if sum(code < 200 for code in codes) > 1 or (150 in codes[1:] if codes else False):
            yield f"{upload.name}: replies out of order: {codes}"
        if len(upload.abortReplies) > upload.aborts:
            yield f"{upload.name}: {upload.aborts} ABOR, {len(upload.abortReplies)} replies to it"
        if len(upload.abortReplies) < upload.aborts and not upload.disconnected:
            yield f"{upload.name}: an ABOR was never answered"


def _oneRecord(run: Run) -> Iterator[str]:
    for name, count in Counter(record.upload for record in run.records).items():
        if count > 1:
            yield f"{name} became {count} jobs"
    for record in run.records:
        if record.starts != 1:
            yield f"job {record.number} ({record.upload}) has {record.starts} start events"
        if len(record.ends) != 1 and (record.ends or not record.cutOff):
            yield f"job {record.number} ({record.upload}) has terminal events {record.ends}"
    for upload in run.uploads:
        found = run.recordOf(upload)
        if found is None:
            if any(reply.complete for reply in upload.finals):
                yield f"{upload.name} got 226, and the log knows of no such job"
            continue
        if found.cutOff and not found.ends:
            continue
        if upload.complete and found.ends != ["completed"]:
            yield f"{upload.name} got 226, its record says {found.ends}"
        if "completed" in found.ends and found.bytes not in (None, upload.sent):
            yield f"{upload.name}: {upload.sent} bytes sent, the record says {found.bytes}"
        if upload.finals and not upload.complete and "completed" in found.ends:
            yield f"{upload.name} was refused with {upload.finals[0].code}, recorded as completed"
        if upload.finals and found.reply not in (None, str(upload.finals[0].code)):
            yield f"{upload.name} was told {upload.finals[0].code}, the record says {found.reply}"
        if found.printed == "no" and any(
            each.taken for each in run.prints if each.upload == upload.name
        ):
            yield f"{upload.name} was printed in part at least, the record says that nothing was"
        if upload.canceled and found.ends not in ([], ["canceled"]):
            yield f"{upload.name} was canceled by the operator, its record says {found.ends}"
        if "completed" in found.ends:
            for evidence in _against(upload):
                yield f"{upload.name} is recorded as completed although {evidence}"
            if found.heard and found.acknowledged is False:
                yield f"{upload.name} is recorded as plainly completed; nobody had the reply yet"
            if not found.heard and found.acknowledged is True:
                yield f"{upload.name} is recorded as not heard; the reply was acknowledged"


def _against(upload: Upload) -> Iterator[str]:
    yield from upload.against
    if upload.ending is not Ending.FIN:
        yield f"its data connection {upload.ending.value}"
    if upload.announced is not None and upload.announced != upload.sent:
        yield f"ALLO announced {upload.announced} bytes and {upload.sent} came"


def _evidence(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if upload.complete:
            for evidence in _against(upload):
                yield f"{upload.name} got 226 although {evidence}"
            if upload.canceled:
                yield f"{upload.name} got 226 although the operator had canceled it"


def _level(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        for told in filter(None, (reply.complete for reply in upload.finals)):
            for each in run.printsOf(upload):
                early = each.early and each.printer not in run.earlyClose
                if told["level"] == "delivered" and (each.lost or early):
                    how = "closed before it had all" if early else "did not close in order"
                    yield f"{upload.name}: 226 says delivered, {each.printer} {how}"
                read = each.read
                wanted = len(upload.wanted)
                if told["level"] == "delivered" and read is not None and read < wanted:
                    yield f"{upload.name}: 226 says delivered, {each.printer} read {read} bytes"
                if told["level"] == "sent, unconfirmed" and len(each.taken) < wanted:
                    yield (
                        f"{upload.name}: 226 says sent, {each.printer} acknowledged"
                        f" {len(each.taken)} of {wanted} bytes"
                    )


def _classes(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        taken = sum(len(each.taken) for each in run.printsOf(upload))
        for reply in upload.finals:
            code = reply.code
            told = f"{upload.name} got {reply.lastLine!r}"
            if code == 426 and not upload.aborts:
                yield f"{told} and never sent ABOR"
            elif 400 <= code < 500 and code != 426 and taken:
                yield f"{told}, and {taken} bytes are at the printer: a client will send it again"
            elif code == 550 and taken:
                yield f"{told}, and {taken} bytes are at the printer: it must look at the paper"
            elif code == 551 and not upload.sent:
                yield f"{told}, and not one byte was ever sent"
            elif code == 552 and not _tooLong(upload):
                yield f"{told}, and it was not too long"
            elif code == 552 and taken and "nothing was printed" in reply.text:
                yield f"{told}, and {taken} bytes are at the printer"
            elif code not in (226, 421, 425, 426, 450, 451, 550, 551, 552):
                yield f"{told}, which is no reply to an upload"
            if code == 226 and not reply.complete:
                yield f"{told}, which does not name port, job, bytes and delivery"
        for reply in upload.abortReplies:
            if reply.code not in (225, 226) or reply.complete:
                yield f"ABOR of {upload.name} got {reply.lastLine!r}"


def _tooLong(upload: Upload) -> bool:
    longest = max(len(upload.payload), upload.announced or 0)
    return upload.limit is not None and longest > upload.limit


def _falseAlarm(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if upload.faultless and not upload.complete:
            codes = [reply.text for reply in upload.replies]
            yield f"{upload.name} had nothing against it and was not printed: {codes}"


def _limit(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if upload.limit is None:
            continue
        if upload.complete and upload.sent > upload.limit:
            yield f"{upload.name} got 226, and it has more than {upload.limit} bytes"
        most = len(upload.dressed(upload.payload[: upload.limit], True))
        most += len(upload.tail(upload.payload[: upload.limit]))
        for each in run.printsOf(upload):
            if len(each.taken) > most:
                yield f"{upload.name}: {each.printer} has {len(each.taken)}, the limit is {most}"


def _unheard(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        record = run.recordOf(upload)
        if upload.unheard and (record is None or record.ends != ["completed"]):
            ends = None if record is None else record.ends
            yield f"{upload.name} was left to itself, as it may be, and its record says {ends}"


_HELLO = 6
"""Bytes by which a handshake is known (RFC 8446, section 5.1); fewer, and a FIN, are a file."""


def _noJob(run: Run) -> Iterator[str]:
    for upload in run.uploads:
        if not upload.unprintable or (upload.ending is Ending.FIN and upload.sent < _HELLO):
            continue
        taken = sum(len(each.taken) for each in run.printsOf(upload))
        if taken or upload.complete:
            codes = [reply.code for reply in upload.finals]
            yield f"{upload.name} is no print job; {taken} bytes of it are printed, told {codes}"


def _tails(run: Run) -> Iterator[str]:
    for each in run.prints:
        for upload in run.uploads:
            if each.upload != upload.name or each.cut or each.lost or not each.taken:
                continue
            record = run.recordOf(upload)
            if record is None or record.ends == ["completed"] or not record.ends:
                continue
            if upload.ending is Ending.FIN and each.taken == upload.wanted:
                continue  # the evidence came after our half-close
            if not _endsWell(each.taken, upload):
                yield (
                    f"{upload.name} was cut, {each.printer} took its last byte in order, and the"
                    " language of the job was not ended"
                )


def _endsWell(taken: bytes, upload: Upload) -> bool:
    whole = upload.dressed(upload.payload, False)
    return any(taken == whole[:size] + tail for size, tail in _cuts(taken, upload))


RULES: dict[str, Callable[[Run], Iterator[str]]] = {
    "I1 a 226 means all bytes, once": _exact,
    "wrong paper": _place,
    "I2 a printer gets the beginning of one job": _prefix,
    "I3 one job at a time": _alone,
    "I4 one final reply": _oneReply,
    "I5 one start, one end in the log": _oneRecord,
    "I6 the next job prints": lambda run: iter(run.failures),
    "I7 nothing stays behind": lambda run: iter(run.leftovers),
    "226 in spite of evidence": _evidence,
    "delivery level": _level,
    "reply class": _classes,
    "false alarm": _falseAlarm,
    "limit": _limit,
    "fire and forget": _unheard,
    "what is no print job is not printed": _noJob,
    "tail of a cut job": _tails,
    "oddity": lambda run: iter(run.oddities),
}
"""Each rule by its name."""
