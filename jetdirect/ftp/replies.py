"""
Every reply code and text in one table, and the one place where a job's fate becomes a code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ..errors import (
    JobAborted,
    JobTooLarge,
    NoDataConnection,
    PortFailed,
    PrinterBusy,
    PrintError,
    PrinterUnreachable,
    ShuttingDown,
    SpoolFull,
)
from ..interfaces import Delivery
from ..text import presentable, printable

LONGEST_FIELD = 1024
"""Characters of a field: replies stay readable, whatever was said."""


class Lines(str):
    """A field that is itself several printable lines."""


class Name(str):
    """A field that a client uses again: a path, in UTF-8 (RFC 2640, section 3)."""


class _Reply(NamedTuple):
    code: int
    form: str
    wire: bytes


class Reply(_Reply):
    """
    A reply to a command (RFC 959, section 4.2).

    @ivar form: as it goes over the wire, with C{{fields}} that L{__call__} fills in.
    @ivar wire: the same in bytes.
    """

    __slots__ = ()

    def __new__(cls, code: int, text: str) -> Reply:
        """
        A line that begins with a space stays as it is (RFC 959 page 36, and RFC 2389 wants it so of
        features), others carry the code.
        """
        if "\n" in text:
            first, _, last = text.rpartition("\n")
            first = first.replace("\n", f"\r\n{code}-").replace(f"\r\n{code}- ", "\r\n ")
            return cls._made(code, f"{code}-{first}\r\n{code} {last}\r\n")
        return cls._made(code, f"{code} {text}\r\n")

    @classmethod
    def _made(cls, code: int, form: str) -> Reply:
        return tuple.__new__(cls, (code, form, form.encode("utf-8", "backslashreplace")))

    @property
    def text(self) -> str:
        """Its lines, without the code."""
        lines = self.form.removesuffix("\r\n").split("\r\n")
        return "\n".join(line if line.startswith(" ") else line[4:] for line in lines)

    def __call__(self, **fields: object) -> Reply:
        """The same reply with its fields filled in, made printable."""
        several = False
        told = "".join([each for each in fields.values() if type(each) is str])
        plain = told.isascii() and told.isprintable() and len(told) <= LONGEST_FIELD
        for name, value in fields.items():
            if type(value) is str:
                if not plain:
                    fields[name] = printable(value, LONGEST_FIELD)
            elif type(value) is Lines:
                several = True  # each of which carries the code
            elif type(value) is not int:
                fields[name] = _shown(value)
        if several:
            return Reply(self.code, self.text.format_map(fields))
        return self._made(self.code, self.form.format_map(fields))


def _shown(value: object) -> object:
    if isinstance(value, Name):
        return presentable(value)
    return value if isinstance(value, int | float) else printable(str(value), LONGEST_FIELD)


# Positive preliminary
OPENING = Reply(
    150, "Opening {type} mode data connection for {name}; printing on {port} ({printer})"
)
SPOOLING = Reply(
    150,
    "Opening {type} mode data connection for {name}; spooling for {port} ({printer}), {before}",
)
OPENING_UNIQUE = Reply(150, "FILE: {name}")
OPENING_LIST = Reply(150, "Opening ASCII mode data connection for the listing")

# Positive completion
OKAY = Reply(200, "Command okay")
TYPE_SET = Reply(200, "Type set to {type}; bytes pass unchanged")
ACTIVE = Reply(200, "{verb} command successful")
BUFFER_SIZE = Reply(200, "PBSZ=0")
PROTECTION = Reply(200, "Protection level set to {level}")
SUPERFLUOUS = Reply(202, "Command not needed at this site")
STATUS = Reply(211, "{lines}\nEnd of status")
DIRECTORY_STATUS = Reply(212, "Status of {path}:{lines}\nEnd of status")
FILE_STATUS = Reply(213, "Status of {path}:{lines}\nEnd of status")
PORT_STATUS = Reply(213, "{lines}\nEnd of status")
FEATURES = Reply(211, "Extensions supported:\n{lines}\nEnd")
HELP = Reply(214, "The following commands are recognized:\n{lines}\nEnd of help")
HELP_COMMAND = Reply(214, "Syntax: {syntax}")
SYSTEM = Reply(215, "UNIX Type: L8")
GREETING = Reply(220, "{greeting}")
GOODBYE = Reply(221, "Goodbye")
LISTED = Reply(226, "Transfer complete")
NO_TRANSFER = Reply(226, "No transfer to abort; data connection closed")
ABORTED = Reply(226, "Abort done; {port} is ready for the next job")
ABORTED_IN_LINE = Reply(226, "Abort done; the job has left the line at {port}")
LIST_ABORTED = Reply(226, "Abort done")
PRINTED = Reply(
    226,
    "Ready\nProcessing job: {job} {name}\n"
    "Transfer complete ({port}, job {job}, {bytes} bytes, {delivery})",
)
PASSIVE = Reply(227, "Entering Passive Mode ({address})")
SECURED = Reply(234, "Begin TLS")
EXTENDED_PASSIVE = Reply(229, "Entering Extended Passive Mode (|||{port}|)")
SIZE = Reply(213, "{size}")
MODIFIED = Reply(213, "{time}")
TOUCHED = Reply(213, "Modify={time}; {path}")
MLST_OPTIONS = Reply(200, "MLST OPTS type;size;modify;perm;")
IDLE_TIME = Reply(200, "The idle time-out stays at {seconds:g} seconds")
LOGGED_IN = Reply(230, "{lines}\nUser logged in")
FACTS = Reply(250, "Listing\n {facts} {path}\nEnd")
RENAMED = Reply(250, "Renamed; nothing is printed again")
REMOVED = Reply(250, "Forgotten; what is printed stays printed")
CHANGED = Reply(250, 'Changed directory to "{path}"')
MADE = Reply(257, '"{path}" created, for this session')
PWD_ROOT = Reply(257, '"/" is current directory; default port is {port} ({printer})')
PWD_PORT = Reply(257, '"{path}" is current directory; printing on {port} ({printer})')

# Positive intermediate
NEED_PASSWORD = Reply(331, "Username okay, need password")
RENAMING = Reply(350, "Ready for RNTO")
REST_ZERO = Reply(350, "Restarting at 0; send the whole file")

# Transient negative
HOST_LIMIT = Reply(421, "Service not available, {sessions} sessions from your address are open")
NOT_ALLOWED = Reply(421, "Service not available to your address")
LIMIT = Reply(421, "Service not available, all {sessions} sessions are in use")
IDLE = Reply(421, "Service not available, idle for {seconds:g} seconds, closing control connection")
SLOW_LINE = Reply(421, "Service not available, no end of a command within {seconds:g} seconds")
NO_LOGIN = Reply(421, "Service not available, no login within {seconds:g} seconds")
TOO_MANY_FAILURES = Reply(421, "Service not available, too many failed logins")
FLOODED = Reply(421, "Service not available, too many commands waiting")
STOPPING = Reply(421, "Service not available, the gateway is shutting down")
NO_DATA_PORT = Reply(425, "Can't open data connection; use PASV, EPSV, PORT or EPRT first")
NO_PASSIVE_ADDRESS = Reply(425, "Can't open data connection; no address to announce behind a proxy")
UNKNOWN_PASSIVE_ADDRESS = Reply(
    425, "Can't open data connection; the name of the address to announce cannot be looked up now"
)
CANNOT_LISTEN = Reply(425, "Can't open data connection; no free port")
LOCAL_ERROR = Reply(451, "Requested action aborted: local error in processing")

# Permanent negative
LINE_TOO_LONG = Reply(500, "Command line too long")
NOT_FTP = Reply(500, "This is an FTP server")
UNKNOWN = Reply(500, "Command not understood")
SYNTAX = Reply(501, "Syntax: {syntax}")
BAD_ADDRESS = Reply(501, "Not an address: {argument}")
BAD_NUMBER = Reply(501, "Not a number of 32 bits: {argument}")
BAD_OPTION = Reply(501, "Option not understood: {argument}")
NO_RESTART = Reply(501, "A print job starts at its beginning; only REST 0 is accepted")
NOT_IMPLEMENTED = Reply(502, "Command not implemented")
LOGIN_FIRST = Reply(503, "Log in with USER and PASS first")
USER_FIRST = Reply(503, "Log in with USER first")
SECURE_FIRST = Reply(503, "Send AUTH TLS first")
SECURE_ALREADY = Reply(503, "TLS is in use already")
RENAME_FIRST = Reply(503, "Send RNFR first")
EXTENDED_ONLY = Reply(503, "EPSV ALL was sent; only EPSV is accepted now")
BAD_PARAMETER = Reply(504, "Command not implemented for that parameter: {argument}")
FOREIGN_ADDRESS = Reply(504, "Data connections go to your own address, port 1024 or higher, only")
PASSIVE_ONLY = Reply(522, "Data connections do not pass the proxy; use PASV")
UNPROTECTED = Reply(521, "Data connections need protection here; send PROT P")
UNKNOWN_FAMILY = Reply(522, "Network protocol not supported, use ({family})")
NOT_LOGGED_IN = Reply(530, "Authentication required")
LOGIN_FAILED = Reply(530, "Login incorrect")
SECURE_LOGIN = Reply(530, "TLS is needed here; send AUTH TLS first")
PROTECTION_NEEDED = Reply(534, "Protection cannot be taken back here")
NO_SUCH_PROTECTION = Reply(536, "Only levels C and P exist with TLS")
BAD_PATH = Reply(550, "{path}: {reason}")
NOT_MADE = Reply(550, "{path}: not a directory that this session made, or not empty")
EXISTS = Reply(550, "{path}: exists")
NOT_RENAMED = Reply(550, "{path}: not possible as a new name")
NOT_STORED = Reply(550, "{path}: not stored in this session")
WRITE_ONLY = Reply(550, "Nothing can be read back from a printer")


@lru_cache(maxsize=8)
def greeting(text: str) -> Reply:
    """The 220; each session has it, and there are few of them."""
    return GREETING(greeting=text)


def delivered(delivery: Delivery, reaches: Delivery) -> str:
    """The level of delivery in the words of a 226; weaker than usual means unconfirmed."""
    weaker = delivery is Delivery.SENT and reaches is not Delivery.SENT
    return f"{delivery.value}, unconfirmed" if weaker else delivery.value


def refusal(error: PrintError, number: int) -> Reply:
    """
    What the sender of a job that came to nothing is told.

    4xx: not one byte reached the printer, sending again is safe.  5xx: a part may be on paper, or
    the job was refused for good.  426 is only for who asked for the end (ABOR).
    """
    if isinstance(error, JobAborted):
        return Reply(426, "Job {job} aborted at your request")(job=number)
    if isinstance(error, JobTooLarge):
        part = "a part of it may have been printed" if error.printed else "nothing was printed"
        return Reply(552, f"Job {{job}} refused: {{reason}}; {part}")(
            job=number, reason=error.reason
        )
    if error.printed:
        text = "Job {job} failed: {reason}; a part of it may have been printed"
        return Reply(551, text)(job=number, reason=error.reason)
    if error.final:
        return Reply(550, "Job {job} refused: {reason}")(job=number, reason=error.reason)
    text = "Job {job} not printed: {reason}; it is safe to send it again"
    return Reply(_transient(error), text)(job=number, reason=error.reason)


def codeFor(error: PrintError | None) -> int:
    """
    The code of the reply to a job, whether or not its sender is still there to hear it.

    @param error: why it came to nothing; L{None}: it is complete.
    """
    return 226 if error is None else refusal(error, 0).code


def listingRefusal(error: PrintError, aborted: bool) -> Reply:
    """What the client is told of a listing that it did not get."""
    code = 426 if aborted else _transient(error)
    return Reply(code, "Listing not sent: {reason}")(reason=error.reason)


def _transient(error: PrintError) -> int:
    match error:
        case ShuttingDown():
            return 421
        case PrinterBusy() | PrinterUnreachable() | PortFailed():
            return 450
        case SpoolFull():
            return 452
        case NoDataConnection():
            return 425
        case _:
            return 451
