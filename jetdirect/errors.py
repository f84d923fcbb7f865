"""
What can go wrong with a job, in one family, and what an operator asked in vain, in another.

Which FTP code a job's error becomes is decided in one place only, L{jetdirect.ftp.replies}.
"""

from __future__ import annotations

from .text import printable

LONGEST_REASON = 1024
"""Characters of a reason: as many as a reply shows of a field."""


class PrintError(Exception):
    """
    A job did not, or will not, become a printed page.

    @ivar reason: one line for the sender and the log, without a code and without a full stop; a
        printer's own words in it are made printable.
    @ivar printed: C{True} when bytes of the job may have reached the printer, so sending it
        again may print a part twice.  The job sets it when it ends.
    @ivar final: C{True} when the job was refused for good: sending it again is of no use.
    """

    final = False

    def __init__(self, reason: str) -> None:
        self.reason = printable(reason, LONGEST_REASON)
        super().__init__(self.reason)
        self.printed = False


class PrinterBusy(PrintError):
    """The job's turn at the printing port did not come in time."""


class PortRemoved(PrintError):
    """The operator has taken the printing port away."""

    final = True


class SenderNotAllowed(PrintError):
    """The sender is at an address that may not print there."""

    final = True


class PrinterUnreachable(PrintError):
    """
    The printer could not be opened.

    The printing port tries again until its connect time-out ends; a transport raises it only
    while no byte has left.
    """


class PrinterLost(PrintError):
    """The printer went away, or went wrong, while it had the job."""


class ShuttingDown(PrintError):
    """The gateway is being stopped."""


class JobCut(PrintError):
    """The sender's side ended the job before it was whole; a subclass for each evidence."""


class DataConnectionLost(JobCut):
    """The data connection ended otherwise than a complete file ends, or fell silent."""


class NoDataConnection(DataConnectionLost):
    """The data connection was never made."""


class HandshakeInClear(DataConnectionLost):
    """A data connection in clear began with a handshake of TLS, which is nothing to print."""

    final = True


class SenderLost(JobCut):
    """The control connection was lost before the sender could be told."""


class SizeDiffers(JobCut):
    """The sender announced another number of bytes (ALLO, RFC 959 section 4.1.3) than it sent."""


class JobTooLarge(JobCut):
    """The job has more bytes than the operator allows."""

    final = True


class JobAborted(JobCut):
    """The sender asked for the end of its own job (ABOR, RFC 959 section 4.1.3)."""


class JobCanceled(PrintError):
    """The operator canceled the job (RFC 8011 section 4.3.3)."""

    final = True


class SpoolFull(PrintError):
    """The spool has no room for the job: the disk is full, or a limit is reached."""


class SpoolFailed(PrintError):
    """The spool's disk failed, and what it was to keep is not kept."""


class SpoolSilent(SpoolFailed):
    """It is not known whether the spool keeps the job: its sender must be told nothing."""


class PortLost(PrintError):
    """Another gateway prints on the port now: what becomes of its jobs is recorded there."""


class PortFailed(PrintError):
    """The spool of the printing port has failed; jobs are taken again when it is well."""


class VerbRefused(Exception):
    """
    An operator wants what is not possible; the message is a sentence that says why.
    """


class NoSuchJob(VerbRefused):
    """No job has this number, or nothing is known of it any more."""


class NoSuchPort(VerbRefused):
    """No printing port has this name."""


class WrongState(VerbRefused):
    """The job, or the port, is not in a state in which that can be done."""


class HistoryFailed(VerbRefused):
    """The history's disk does not answer, or has failed."""


class HistoryUnfit(ValueError):
    """A file cannot be the history; the message says why, and what to do."""


class StateUnfit(ValueError):
    """A directory cannot be the state; likewise."""


class TakenBack(Exception):
    """The job was cut before its commit: nothing of it stays."""


class JobRefused(PrintError):
    """The job holds what the operator does not allow."""

    final = True
