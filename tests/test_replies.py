"""
What a sender is told of its job is decided here, and is fit for the wire.
"""

from __future__ import annotations

import re
from string import Formatter

import pytest

from jetdirect import errors
from jetdirect.errors import PrintError
from jetdirect.ftp import replies
from jetdirect.ftp.replies import Lines, Reply, delivered, listingRefusal, refusal
from jetdirect.interfaces import Delivery

CODES = {
    errors.PrintError: 451,
    errors.PrinterBusy: 450,
    errors.PrinterUnreachable: 450,
    errors.PrinterLost: 451,
    errors.ShuttingDown: 421,
    errors.JobCut: 451,
    errors.DataConnectionLost: 451,
    errors.NoDataConnection: 425,
    errors.HandshakeInClear: 550,
    errors.SenderLost: 451,
    errors.SizeDiffers: 451,
    errors.JobAborted: 426,
    errors.JobCanceled: 550,
    errors.JobTooLarge: 552,
    errors.JobRefused: 550,
    errors.PortRemoved: 550,
    errors.SenderNotAllowed: 550,
    errors.PortFailed: 450,
    errors.PortLost: 451,
    errors.SpoolFailed: 451,
    errors.SpoolFull: 452,
    errors.SpoolSilent: 451,
}
"""What each error becomes when not one byte reached the printer."""

NUMBERS = {
    150: "OPENING SPOOLING OPENING_UNIQUE OPENING_LIST",
    200: "OKAY TYPE_SET ACTIVE BUFFER_SIZE PROTECTION MLST_OPTIONS IDLE_TIME",
    202: "SUPERFLUOUS",
    211: "STATUS FEATURES",
    212: "DIRECTORY_STATUS",
    213: "FILE_STATUS PORT_STATUS SIZE MODIFIED TOUCHED",
    214: "HELP HELP_COMMAND",
    215: "SYSTEM",
    220: "GREETING",
    221: "GOODBYE",
    226: "LISTED NO_TRANSFER ABORTED ABORTED_IN_LINE LIST_ABORTED PRINTED",
    227: "PASSIVE",
    229: "EXTENDED_PASSIVE",
    230: "LOGGED_IN",
    234: "SECURED",
    250: "FACTS RENAMED REMOVED CHANGED",
    257: "MADE PWD_ROOT PWD_PORT",
    331: "NEED_PASSWORD",
    350: "RENAMING REST_ZERO",
    421: "HOST_LIMIT NOT_ALLOWED LIMIT IDLE SLOW_LINE NO_LOGIN TOO_MANY_FAILURES FLOODED STOPPING",
    425: "NO_DATA_PORT NO_PASSIVE_ADDRESS UNKNOWN_PASSIVE_ADDRESS CANNOT_LISTEN",
    451: "LOCAL_ERROR",
    500: "LINE_TOO_LONG NOT_FTP UNKNOWN",
    501: "SYNTAX BAD_ADDRESS BAD_NUMBER BAD_OPTION NO_RESTART",
    502: "NOT_IMPLEMENTED",
    503: "LOGIN_FIRST USER_FIRST SECURE_FIRST SECURE_ALREADY RENAME_FIRST EXTENDED_ONLY",
    504: "BAD_PARAMETER FOREIGN_ADDRESS",
    521: "UNPROTECTED",
    522: "PASSIVE_ONLY UNKNOWN_FAMILY",
    530: "NOT_LOGGED_IN LOGIN_FAILED SECURE_LOGIN",
    534: "PROTECTION_NEEDED",
    536: "NO_SUCH_PROTECTION",
    550: "BAD_PATH NOT_MADE EXISTS NOT_RENAMED NOT_STORED WRITE_ONLY",
}
"""Of RFC 959; 229 and 522 of RFC 2428, 234, 534 and 536 of RFC 2228, 521 of RFC 4217."""

TABLE = {name: reply for name, reply in vars(replies).items() if isinstance(reply, Reply)}
NASTY = 'a\r\n226 Transfer complete\n{0} {name} %s \x1b[31m\x00 "é" \udcff ' + "x" * 10_000


def every() -> list[type[PrintError]]:
    """The whole family of errors, third parties' excepted."""
    found = [PrintError]
    for kind in found:
        found += [sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__]
    return sorted(set(found), key=lambda kind: kind.__name__)


def fate(kind: type[PrintError], printed: bool) -> Reply:
    """What the sender of job 31 is told."""
    error = kind("the reason")
    error.printed = printed
    return refusal(error, 31)


def fieldsOf(reply: Reply) -> list[str]:
    """The names in braces."""
    return [name for _, name, _, _ in Formatter().parse(reply.text) if name]


def assertFit(sent: bytes) -> None:
    """One reply: printable lines, the code in the first and last, or a space before inner ones."""
    code = re.escape(sent[:3])
    assert re.fullmatch(rb"[1-5]\d\d", sent[:3])
    assert re.fullmatch(
        rb"(%b-[\x20-\x7e]*\r\n(?:(?: |%b-)[\x20-\x7e]*\r\n)*)?%b [\x20-\x7e]*\r\n"
        % (code, code, code),
        sent,
    )


def test_everyErrorIsInTheTable() -> None:
    """No error of the family is without a decision."""
    assert set(every()) == set(CODES)


@pytest.mark.parametrize("kind", every())
def test_notPrinted(kind: type[PrintError]) -> None:
    """Without a byte printed it is 4xx and safe to resend, but for the job refused for good."""
    reply = fate(kind, printed=False)
    assert reply.code == CODES[kind]
    told = "safe to send it again" in reply.text
    assert told == (reply.code // 100 == 4 and kind is not errors.JobAborted)


@pytest.mark.parametrize("kind", [kind for kind in every() if kind is not errors.JobAborted])
def test_printed(kind: type[PrintError]) -> None:
    """With a byte printed it is never 4xx, since clients resend on that."""
    reply = fate(kind, printed=True)
    assert reply.code == (552 if kind is errors.JobTooLarge else 551)
    assert "may have been printed" in reply.text


@pytest.mark.parametrize("printed", [False, True])
def test_abortedIsTheOnly426(printed: bool) -> None:
    """426 answers ABOR, whether bytes were printed or not, and nothing else."""
    assert fate(errors.JobAborted, printed).code == 426
    others = {fate(kind, printed).code for kind in every() if kind is not errors.JobAborted}
    assert 426 not in others


@pytest.mark.parametrize(
    ("kind", "printed", "sent"),
    [
        (errors.JobAborted, False, "426 Job 31 aborted at your request"),
        (errors.JobAborted, True, "426 Job 31 aborted at your request"),
        (errors.JobTooLarge, False, "552 Job 31 refused: the reason; nothing was printed"),
        (
            errors.JobTooLarge,
            True,
            "552 Job 31 refused: the reason; a part of it may have been printed",
        ),
        (
            errors.PrinterLost,
            True,
            "551 Job 31 failed: the reason; a part of it may have been printed",
        ),
        (errors.JobCanceled, False, "550 Job 31 refused: the reason"),
        (
            errors.PrinterBusy,
            False,
            "450 Job 31 not printed: the reason; it is safe to send it again",
        ),
    ],
)
def test_whatASenderReads(kind: type[PrintError], printed: bool, sent: str) -> None:
    """The words in which a person is told what became of the job, and what to do."""
    assert fate(kind, printed).wire == f"{sent}\r\n".encode()


def test_finalForOtherReasons() -> None:
    """Whatever says that it is final is 550: sending it again is of no use."""
    error = errors.PrinterUnreachable("no such queue")
    error.final = True
    assert refusal(error, 31) == Reply(550, "Job 31 refused: no such queue")


@pytest.mark.parametrize("kind", every())
@pytest.mark.parametrize("printed", [False, True])
def test_refusalNamesTheJob(kind: type[PrintError], printed: bool) -> None:
    """The sender learns the number, so that the log can be asked; and the reason."""
    reply = fate(kind, printed)
    assert "ob 31 " in reply.text
    assert kind is errors.JobAborted or "the reason" in reply.text
    assertFit(reply.wire)


@pytest.mark.parametrize("kind", every())
def test_reasonIsMadePrintable(kind: type[PrintError]) -> None:
    """A reason with line ends in it does not become several replies."""
    sent = refusal(kind(NASTY), 31).wire
    assertFit(sent)
    assert sent.count(b"\n") == 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.DataConnectionLost, 451),
        (errors.NoDataConnection, 425),
        (errors.ShuttingDown, 421),
        (errors.PrinterBusy, 450),
    ],
)
def test_listingRefusal(kind: type[PrintError], code: int) -> None:
    """A listing can always be asked for again; 426 only if ABOR asked for its end."""
    assert listingRefusal(kind("why"), aborted=False).code == code
    assert listingRefusal(kind("why"), aborted=True) == Reply(426, "Listing not sent: why")


@pytest.mark.parametrize(
    ("reached", "reaches", "words"),
    [
        (Delivery.QUEUED, Delivery.DELIVERED, "queued"),
        (Delivery.VOLATILE, Delivery.DELIVERED, "spooled, not durable"),
        (Delivery.SENT, Delivery.SENT, "sent"),
        (Delivery.SENT, Delivery.DELIVERED, "sent, unconfirmed"),
        (Delivery.SENT, Delivery.CONFIRMED, "sent, unconfirmed"),
        (Delivery.DELIVERED, Delivery.DELIVERED, "delivered"),
        (Delivery.DELIVERED, Delivery.CONFIRMED, "delivered"),
        (Delivery.CONFIRMED, Delivery.CONFIRMED, "confirmed"),
    ],
)
def test_delivered(reached: Delivery, reaches: Delivery, words: str) -> None:
    """Sent where more could be known is called unconfirmed."""
    assert delivered(reached, reaches) == words


def test_codes() -> None:
    """Clients act on the number: each reply has the one that its RFC gives to what it says."""
    assert {name: reply.code for name, reply in TABLE.items()} == {
        name: code for code, names in NUMBERS.items() for name in names.split()
    }


def test_theTableStaysAsItIs() -> None:
    """A reply is filled in, never changed: all sessions share it."""
    with pytest.raises(AttributeError):
        replies.OKAY.code = 226  # type: ignore[misc]


def test_complete() -> None:
    """The last line of a job's 226 has a fixed beginning and end, for people and scripts."""
    reply = replies.PRINTED(port="PORT1", job=31, name="a.ps", bytes=10260, delivery="delivered")
    *first, last, nothing = reply.wire.split(b"\r\n")
    assert first == [b"226-Ready", b"226-Processing job: 31 a.ps"]
    assert last == b"226 Transfer complete (PORT1, job 31, 10260 bytes, delivered)"
    assert nothing == b""


@pytest.mark.parametrize("name", ["ABORTED", "LIST_ABORTED", "NO_TRANSFER"])
def test_abortIsNotComplete(name: str) -> None:
    """The 226 after ABOR never says that a transfer is complete."""
    assert "complete" not in TABLE[name].text.lower()


@pytest.mark.parametrize("name", TABLE)
def test_everyReplyIsFit(name: str) -> None:
    """Whatever a client, a printer or an operator wrote into a reply, it stays one reply."""
    reply = TABLE[name]
    numbers = {"seconds": 2.5, "sessions": 3, "job": 31, "bytes": 10260}
    fields = {field: numbers.get(field, NASTY) for field in fieldsOf(reply)}
    if "lines" in fields:
        fields["lines"] = Lines(" one\n two")
    assertFit((reply(**fields) if fields else reply).wire)


def test_fieldsAreNotFilledTwice() -> None:
    """Braces in a field are shown, not filled in."""
    reply = replies.BAD_PATH(path="{reason}{0}{x!r}", reason="PORT1")
    assert reply.text == "{reason}{0}{x!r}: PORT1"


def test_longField() -> None:
    """A field has at most 1,024 characters; one that had more shows that it was cut."""
    whole, cut = "x" * 1024, "x" * 1021 + "..."
    assert replies.BAD_ADDRESS(argument=whole).text == f"Not an address: {whole}"
    assert replies.BAD_ADDRESS(argument=whole + "x").text == f"Not an address: {cut}"


def test_multiline() -> None:
    """Inner lines carry the code, but for those that begin with a space; the first always does."""
    sent = Reply(211, " first\n second\n226 third\n\nlast").wire
    assert sent == b"211- first\r\n second\r\n211-226 third\r\n211-\r\n211 last\r\n"


def test_unfilledText() -> None:
    """What is not ASCII goes out as UTF-8; what is not even text is escaped, never an error."""
    assert Reply(220, "Grüße").wire == "220 Grüße\r\n".encode()
    assert Reply(220, "Gr\udcfce").wire == rb"220 Gr\udcfce" + b"\r\n"


def test_longGreeting() -> None:
    """A greeting is the operator's, not a sender's, and is not cut."""
    greeting = "x" * 300
    assert replies.GREETING(greeting=greeting).wire == b"220 " + greeting.encode() + b"\r\n"
