"""
Clients that send a job again by themselves: never one that is partly on paper, always one that is
not.

What each client was seen to do:

curl --retry
    Sends again after 4xx.  Not after 551, and not after a data connection that was reset;
    C{--retry-all-errors} sends again after both, so it is not for printing.
lftp
    Sends again after 4xx, for ever (C{net:max-retries} is 1000), and after a data connection that
    was reset, even if a 5xx is on its way.  Not after 5xx that it has heard.
wput
    After 4xx it says STOR again, for ever, without a new PASV.  Gives up after 5xx.
ncftpput
    Gives up after 4xx and 5xx; its redials (C{-r}) are for connecting only.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.behaviours import leavesAfter, resetAfter, resetAfterEnd
from tests.support.clients import Result, run
from tests.support.debian import program
from tests.support.gateway import Gateway
from tests.support.pages import page
from tests.support.rawprinter import Behaviour, RawPrinter, good
from tests.support.session import Session

#: Bytes of a job that is still being sent when the printer is lost: more than all kernels buffer.
LARGE = 16 * 1024 * 1024

#: What a printer's kernel may take before the printer reads.
SMALL_BUFFER = 16384

#: As much of a job as the printer reads before it is lost.
PART = 1000


def curl(port: int, file: Path, *options: str) -> Result:
    """Its first pause is a second by default, and doubles."""
    url = f"ftp://127.0.0.1:{port}/"
    return run(
        [program("curl"), "-sSv", "--retry", "4", *options, "-T", file.name, url], file.parent
    )


def lftp(port: int, file: Path) -> Result:
    """By default it pauses for 30 s, which is all that is changed here."""
    script = f"set net:reconnect-interval-base 1; put {file.name}; bye"
    return run([program("lftp"), "-d", "-e", script, f"ftp://127.0.0.1:{port}/"], file.parent)


def wput(port: int, file: Path) -> Result:
    """By default it pauses for 10 s, and has endless patience."""
    url = f"ftp://tester:secret@127.0.0.1:{port}/"
    words = [program("wput"), "--verbose", "--waitretry=1", "--tries=3", file.name, url]
    return run(words, file.parent)


def ncftpput(port: int, file: Path) -> Result:
    """With redials."""
    words = [program("ncftpput"), "-d", "stdout", "-u", "tester", "-p", "secret", "-r", "4"]
    return run([*words, "-P", str(port), "127.0.0.1", ".", file.name], file.parent)


Client = Callable[[int, Path], Result]

CLIENTS: dict[str, Client] = {"curl": curl, "lftp": lftp, "wput": wput, "ncftpput": ncftpput}

#: How the printer is lost, and how large the job is.
LOSSES: dict[str, tuple[Behaviour, int]] = {
    "reset": (resetAfter(PART), 20_000),
    "reset-large": (resetAfter(PART), LARGE),
    "end-large": (leavesAfter(PART), LARGE),
    "reset-at-end": (resetAfterEnd, 20_000),
}


def sends(gateway: Gateway) -> int:
    """How many uploads were asked for so far."""
    return len(gateway.matches(r"job \d+ on PORT1: '.*' from "))


@contextmanager
def lost(loss: str, directory: Path) -> Iterator[tuple[RawPrinter, Gateway, Path]]:
    """A printer that is lost once, a gateway before it, and a job for them."""
    behave, size = LOSSES[loss]
    job = directory / "job.ps"
    job.write_bytes(b"%!PS" * (size // 4))
    with (
        RawPrinter(behave, good, receiveBuffer=SMALL_BUFFER, keep=False) as printer,
        Gateway(directory, "--printer", printer.uri()) as gateway,
    ):
        yield printer, gateway, job


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("client", CLIENTS)
def test_aPartlyPrintedJobIsNotSentAgain(client: str, loss: str, tmp_path: Path) -> None:
    """
    A printer that is lost in mid-job sees one connection with bytes, whatever the client likes to
    repeat; and the client does not say that all is well.
    """
    with lost(loss, tmp_path) as (printer, gateway, job):
        result = CLIENTS[client](gateway.port, job)
        assert [caller.received >= PART for caller in printer.callers] == [True], result.output
        assert result.code != 0
        assert gateway.jobEnd(1).startswith("aborted: ")
        assert sends(gateway) == 1


@pytest.mark.parametrize(
    ("client", "loss"),
    [
        pytest.param("curl", "reset-large"),
        pytest.param("lftp", "reset-large"),
        ("ncftpput", "reset-large"),
    ],
)
def test_theSenderHearsWhy(client: str, loss: str, tmp_path: Path) -> None:
    """
    The user of a client is shown the text of the 551, also when the client was still sending.
    """
    with lost(loss, tmp_path) as (_, gateway, job):
        assert "Job 1 failed" in CLIENTS[client](gateway.port, job).output


def test_curlCanBeMadeToSendAgain(tmp_path: Path) -> None:
    """
    C{--retry-all-errors} means all errors: the only way seen to print a part twice after a 551.
    """
    with lost("reset", tmp_path) as (printer, gateway, job):
        result = curl(gateway.port, job, "--retry-all-errors")
        assert "551 Job 1 failed" in result.output
        assert [caller.received for caller in printer.callers] == [PART, 20_000]


@contextmanager
def refusing(why: str, directory: Path) -> Iterator[tuple[RawPrinter, Gateway, Callable[[], None]]]:
    """
    A printer that is off or busy, a gateway that does not wait for it, and what mends it.
    """
    option = {"off": "--connect-timeout", "busy": "--busy-timeout"}[why]
    with (
        RawPrinter(on=why == "busy") as printer,
        Gateway(directory, "--printer", printer.uri(), option, "0") as gateway,
    ):
        if why == "off":
            yield printer, gateway, printer.switchOn
            return
        with Session(gateway.port) as other:
            wire = other.upload()
            wire.sendall(b"other")
            printer.waitForBytes(1, 5)

            def end() -> None:
                wire.close()
                other.reply()

            yield printer, gateway, end


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ("curl", "off"),
        ("curl", "busy"),
        ("lftp", "off"),
        ("ncftpput", "off"),
    ],
)
def test_aRefusedJobIsPrintedOnce(client: str, why: str, tmp_path: Path) -> None:
    """
    After a 450 nothing is on paper; a client that sends again prints once, when it can.
    """
    job = tmp_path / "page.ps"
    job.write_bytes(page("traps.ps"))
    others = [b"other"] if why == "busy" else []
    with refusing(why, tmp_path) as (printer, gateway, mend):

        def comeBack() -> None:
            gateway.jobEnd(len(others) + 1)  # the client's first attempt
            mend()

        mending = threading.Thread(target=comeBack)
        mending.start()
        result = CLIENTS[client](gateway.port, job)
        mending.join()
        assert re.search("450[- :].*safe to send it again", result.output)
        if client == "ncftpput":
            assert (result.code, printer.jobs) == (3, others), result.output
        else:
            assert result.code == 0, result.output
            assert printer.jobs == [*others, job.read_bytes()]
            assert sends(gateway) >= len(others) + 2
