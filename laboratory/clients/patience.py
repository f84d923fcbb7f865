"""
How long clients wait for the reply after the last byte, if nobody tells them how long.

    python -m laboratory.clients.patience [SECONDS]

Each one prints on a printer of its own, which takes everything and then says nothing, for ten
minutes.
What comes out is in docs/senders/timeouts.rst; this runs for as long as that, so no test does it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.support.caller import Caller
from tests.support.gateway import Gateway
from tests.support.packages import Missing, peer, program
from tests.support.rawprinter import RawPrinter

#: Seconds after which a client is called patient.
ENOUGH = int(sys.argv[1]) if __name__ == "__main__" and sys.argv[1:] else 600

_PERL = """
use Net::FTP; my ($port, $file, $to) = @ARGV;
my $ftp = Net::FTP->new('127.0.0.1', Port => $port, Passive => 1) or die;
$ftp->login('a', 'b') or die; $ftp->binary; $ftp->put($file, $to) or die $ftp->message;
"""
_PHP = """
$ftp = ftp_connect('127.0.0.1', (int) $argv[1]); ftp_login($ftp, 'a', 'b'); ftp_pasv($ftp, true);
exit(ftp_put($ftp, $argv[3], $argv[2], FTP_BINARY) ? 0 : 1);
"""
_RUBY = """
require 'net/ftp'; port, file, to = ARGV
Net::FTP.open('127.0.0.1', port: port.to_i, username: 'a', password: 'b') do |ftp|
  ftp.putbinaryfile(file, to)
end
"""
_PYTHON = """
import ftplib, sys
ftp = ftplib.FTP(); ftp.connect("127.0.0.1", int(sys.argv[1])); ftp.login("a", "b")
ftp.storbinary("STOR " + sys.argv[3], open(sys.argv[2], "rb"))
"""
_AIOFTP = """
import aioftp, asyncio, sys
async def put(port, file, to):
    async with aioftp.Client.context("127.0.0.1", int(port), "a", "b") as client:
        async with client.upload_stream(to) as stream:
            await stream.write(open(file, "rb").read())
asyncio.run(put(*sys.argv[1:]))
"""
_NODE = """
const ftp = require('basic-ftp'); const [port, file, to] = process.argv.slice(1);
(async () => {
    const client = new ftp.Client();
    await client.access({host: '127.0.0.1', port: Number(port), user: 'a', password: 'b'});
    await client.uploadFrom(file, to); client.close();
})().catch((error) => { console.error(String(error)); process.exit(1); });
"""


def _typed(name: str) -> Callable[[str, str, str], Sequence[str]]:
    typed = "user a b\\nbin\\nput {file} {to}\\nquit\\n"

    def words(port: str, file: str, to: str) -> Sequence[str]:
        commands = typed.format(file=file, to=to)
        client = f"timeout {ENOUGH} {program(name)} -n -v -p 127.0.0.1 {port}"
        return ["sh", "-c", f"printf '{commands}' | {client}"]

    return words


def _aioftp(port: str, file: str, to: str) -> Sequence[str]:
    python = peer("venv/bin/python", "aioftp (PyPI)")
    return [str(python), "-c", _AIOFTP, port, file, to]


def _node(port: str, file: str, to: str) -> Sequence[str]:
    modules = peer("node_modules/basic-ftp", "basic-ftp (npm)").parent
    return ["env", f"NODE_PATH={modules}", program("node"), "-e", _NODE, port, file, to]


def _rclone(port: str, file: str, to: str) -> Sequence[str]:
    password = subprocess.run([program("rclone"), "obscure", "b"], capture_output=True, timeout=20)
    options = [f"--ftp-port={port}", "--ftp-user=a", f"--ftp-pass={password.stdout.decode()[:-1]}"]
    options += ["--ftp-host=127.0.0.1", "--config=", "--retries=1", "--low-level-retries=1"]
    return [program("rclone"), "copyto", file, f":ftp:{to}", *options]


CLIENTS: dict[str, Callable[[str, str, str], Sequence[str]]] = {
    "curl": lambda port, file, to: [
        *[program("curl"), "-sS", "-T", file, f"ftp://127.0.0.1:{port}/{to}"]
    ],
    "lftp": lambda port, file, to: [
        *[program("lftp"), "-c", f"open 127.0.0.1:{port}; put {file} -o {to}"]
    ],
    "tnftp": _typed("tnftp"),
    "inetutils-ftp": _typed("inetutils-ftp"),
    "ncftpput": lambda port, file, to: [
        *[program("ncftpput"), "-P", port, "-C", "127.0.0.1", file, to]
    ],
    "busybox ftpput": lambda port, file, to: [
        *[program("busybox"), "ftpput", "-P", port, "127.0.0.1", to, file]
    ],
    "wput": lambda port, file, to: [program("wput"), file, f"ftp://127.0.0.1:{port}/{to}"],
    "rclone": _rclone,
    "Net::FTP": lambda port, file, to: [program("perl"), "-e", _PERL, port, file, to],
    "PHP": lambda port, file, to: [program("php"), "-r", _PHP, "--", port, file, to],
    "net/ftp": lambda port, file, to: [program("ruby"), "-e", _RUBY, port, file, to],
    "aioftp": _aioftp,
    "basic-ftp": _node,
    "ftplib": lambda port, file, to: [sys.executable, "-c", _PYTHON, port, file, to],
}


def _silent(caller: Caller) -> None:
    caller.readAll()
    caller.pause(ENOUGH + 60)


def _wait(name: str, port: int, file: Path, number: int, printer: RawPrinter) -> None:
    began = time.monotonic()
    try:
        words = CLIENTS[name](str(port), str(file), f"port{number}/page.ps")
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ENOUGH,
        )
    except subprocess.TimeoutExpired:
        told = "still waits"
    except Missing as missing:
        told = str(missing)
    else:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()
        told = f"exit {done.returncode}, {said[-1] if said else ''}"
    took = time.monotonic() - began
    print(f"{name:15} {took:6.1f} s, {len(printer.callers)} jobs, {told}", flush=True)


def main() -> None:
    """Print a line for each client when it has lost its patience."""
    with ExitStack() as all:
        directory = Path(all.enter_context(tempfile.TemporaryDirectory()))
        file = directory / "page.ps"
        file.write_bytes(b"%!PS\nshowpage\n" * 100)
        printers = [all.enter_context(RawPrinter(_silent)) for _ in CLIENTS]
        options = []
        for printer in printers:
            options += ["--printer", printer.uri(f"finish-timeout={ENOUGH + 3600}")]
        gateway = all.enter_context(Gateway(directory, *options, "--max-sessions=99"))
        threads = [
            threading.Thread(target=_wait, args=(name, gateway.port, file, number, printer))
            for number, (name, printer) in enumerate(zip(CLIENTS, printers, strict=True), start=1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("\n".join(line for line in gateway.lines if "aborted: " in line))


if __name__ == "__main__":
    main()
