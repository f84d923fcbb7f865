"""
What a stranger types wrongly: a hundred and fifty command lines, as people write them on a first
day.

None of them starts in silence: each is refused, in one line that names the option, says nothing in
Python's words and gives a remedy.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

from jetdirect.tap import Options
from jetdirect.transports.checks import complaintsAbout

WRONG = r"""
page.ps
start
help
localhost 2121
2121
-h
-v
-x
-p
-P
-p -P
--port
--printer
--Port 2121
--ports 2121
--prot 2121
--listen 2121
--listener=tcp:2121
--interface 127.0.0.1
--bind 127.0.0.1:2121
--host 127.0.0.1
--printers a,b
--print socket://a --prnter socket://b
--pinter=socket://a
--device /dev/lp0
--max-sesions 3
--max-session-per-host 1
--maxsessions 3
--max_jobs 3
--max-job-size 10M
--timeout 30
--max 3
--idle-time-out 30
--idletimeout 30
--busy_timeout
--verbose
--debug
--quiet
--daemon
--nodaemon
--user printer
--config gateway.conf
--tls
--cert a.pem
--certificate a.pem
--key a.pem
--ssl-certificate a.pem
--require_tls=yes
--require-tls=on
--fire-and-forget=1
--passive 40000-40100
--pasv-address 203.0.113.7
--port=
--port=ftp
--port=21,2121
--port=2121-2125
--port=65536
--port=-21
--port=0x21
--port=21.5
--port=+21
--port=:2121
--port=127.0.0.1
--port=127.0.0.1:2121
--port=localhost:2121
--port=[::1]:2121
--port=ftp://0.0.0.0:2121
--port=tcp
--port=tcp:
--port=tcp:ftp
--port=tcp:2121:intrface=127.0.0.1
--port=tcp:2121:host=127.0.0.1
--port=tcp6:2121:interface=::1
--port=tcp:interface=127.0.0.1
--port=tcp4:2121
--port=tcp:2121:backlog=many
--port=udp:2121
--port=tls:abc
--port=tls:990
--port=ssl:990
--port=ssl:990:privateKey=/nosuch.pem
--port=ftps:990
--port=endpoint:tls:host=a
--port=haproxy
--port=haproxy:
--port=haproxy:2121
--port=haproxy:tcp
--port=haproxy:haproxy:tcp:2121
--port=unix
--port=unix:
--port=systemd:
--port=systemd:domain=INET:index=0
--port=systemd:domain=INET
--port=systemd:domain=NET:index=0
--port 2121 --port 2121
--port=tcp:2121 --port=tcp:2121
--printer=
--printer=/
--printer=.
--printer=printer one
--printer=HP LaserJet
--printer=socket:
--printer=socket://
--printer=socket:/printer
--printer=socket:printer
--printer=socket://:9100
--printer=socket://printer:
--printer=socket://printer:91000
--printer=socket://printer:raw
--printer=socket://printer/queue
--printer=socket://192.0.2.300
--printer=192.0.2.300
--printer=socket://192.0.2
--printer=socket://fe80::1
--printer=socket://[fe80::1
--printer=socket://printer?finish-timeout
--printer=socket://printer?finish-timeout=soon
--printer=socket://printer?finish_timeout=5
--printer=socket://printer?waiteof=no&waiteof=yes
--printer=socket://printer?description=%zz
--printer=socket://printer?prolog=%1b%45%0
--printer=socket://printer?newlines=lf
--printer=socket://printer?form-feed=paper
--printer=socket://printer?pjl=maybe
--printer=socket://printer?snmp=public
--printer=tcp://printer:9100
--printer=raw://printer
--printer=http://printer:631
--printer=hp://printer
--printer=ftp://printer
--printer=smb://server/queue
--printer=\\server\queue
--printer=COM1:
--printer=/dev/nosuch
--printer=/dev/null
--printer=lpd://server/
--printer=lpd:server
--printer=ipp://
--printer=serial:
--printer=serial:/dev/ttyS0?baud=9601x
--printer=serial:/dev/ttyS0?speed=9600
--printer=serial:/dev/ttyS0?parity=maybe
--printer=serial:/etc/hosts
--printer=parallel:/etc/hosts
--printer=parallel:
--printer=usb:
--printer=endpoint:
--printer=endpoint:tcp
--printer=endpoint:tcp:a
--printer=endpoint:tcp:host=a:port=x
--printer=endpoint:tcp:hots=a:port=9100
--printer=endpoint:tcp:a:91000
--printer=endpoint:tcp:host=a:port=91000
--printer=endpoint:tcp:port=0:host=a
--printer=endpoint:tls:host=a
--printer=endpoint:foo:a
--printer=endpoint:unix
--printer=endpoint:unix:/a:timeout=x
--printer=file:
--printer=file://tmp/jobs
--printer=file:///nosuch/jobs
--printer=file:///dev/lp9
--printer=file:///etc/passwd
--printer=file:///proc/jobs
--printer=serial:/dev/ttyS0 --printer=serial:/dev/ttyS0
--max-sessions=0
--max-sessions=three
--max-sessions=-3
--max-sessions=1e9
--max-sessions=99999999999
--max-sessions-per-host=0
--max-job-bytes=0
--max-job-bytes=ten
--max-job-bytes=10X
--max-job-bytes=-1
--max-job-bytes=unlimited
--idle-timeout=never
--idle-timeout=-1
--idle-timeout=inf
--data-idle-timeout=nan
--busy-timeout=1e3
--connect-timeout=30sec
--drain-timeout=forever
--drain-timeout=1y
--control-loss-grace=yes
--control-loss-grace=1 --fire-and-forget
--profile=300x
--profile=
--greeting=
--greeting='220 hi'
--greeting='Grüße'
--pjl-policy=yes
--pjl-policy=refuze
--allow=all
--allow=any
--allow=10.0.0.*
--allow=10.0.0.0/33
--allow=10.0.0.0-10.0.0.255
--allow=office.example
--allow=
--auth=file
--auth=file:
--auth=file:/nosuch
--auth=file:/etc
--auth=anonymous
--auth=pam
--auth=fiel:/etc/passwd
--auth=/etc/passwd
--auth=memory:bob
--passive-ports=40000
--passive-ports=40000:40100
--passive-ports=40100-40000
--passive-ports=80-90
--passive-ports=40000-70000
--passive-ports=2100-2200 --port=2121
--passive-ports=2100-2200 --port=tcp:2121:interface=127.0.0.1
--passive-address=::1
--passive-address=0.0.0.0
--passive-address=224.0.0.1
--passive-address=255.255.255.255
--passive-address=203.0.113
--passive-inside=10.0.0.0/8
--passive-inside=here --passive-address=203.0.113.7
--tls-certificate=/nosuch.pem
--tls-certificate=/etc
--tls-certificate=/etc/hosts
--tls-key=key.pem
--require-tls
--tls-lenient-close
--printer=socket://bob@printer
--printer=socket://bob:secret@printer
--printer=lpd://bob:secret@server/queue
--printer=file://bob@/tmp
--printer=usb://bob@Acme/Jet
--printer=usb://Acme/Jet?interface=-1
--printer=socket://[fe80::1]
--printer=socket://[::1%]
--printer=socket://printer?finish-timout=5
--printer=socket://printer?descripton=Ward
--printer=socket://printer?GAP=3
--printer=socket://printer?description=A;gap=3
--printer=socket://printer?description=A?gap=3
--printer=socket://printer&gap=3
--printer=socket://printer#9100
--printer=socket://printer,other
--printer=socket//printer
--printer=sokcet://printer
--printer=lpr://server/queue
--printer=socket://printer?tls=any
--printer=socket+tls://printer?tls=none
--printer=socket+tls://printer?tls-ca=/nosuch
--printer=ipps://printer?tls-ca=/etc/hosts
--printer=ipp://printer?format=pdf
--printer=lpd://server/queue?order=data
--printer=lpd://server/queue?format=ll
--printer=serial:/dev/ttyS0?flow=on
--printer=serial:/dev/ttyS0?bits=9
--printer=serial:/dev/ttyS0?baud=9600,n,8,1
--printer=file:///nosuch?append=on
--printer=endpoint:unix:/etc/hosts
--printer=endpoint:unix:/tmp
--printer=endpoint:unix:
--printer=endpoint:tcp:host=:port=9100
--printer=endpoint:tcp:host=192.0.2.300:port=9100
--printer=endpoint:tcp:host=fd00::1:port=9100
--printer=endpoint:tcp:host=a:host=b:port=9100
--printer=endpoint:tcp:a:9100:timeout=0
--printer=endpoint:tcp:a:9100:bindAddress=here
--printer=endpoint:tls:a:9100:certificate=/nosuch.pem
--printer=endpoint:haproxy:tcp:9100
--printer=127.0.0.1:2121 --port=2121
--printer=socket://localhost:2121 --port=tcp:2121
--active-port=2121 --port=2121
--active-port=0
--active-port=ftp-data
--port=haproxy:tls:990
--port=2121/tcp
--port=stdio:
--port=fd:3
--passive-address=http://gateway
--passive-address=203.0.113.7:2121
--passive-address=203.0.113.7/24
--data-from=everyone
--drain-timeout=
--busy-timeout=00:30
--max-job-bytes=1.5G
--auth=memory:
--auth=cramfile:/etc/passwd
--spool --port=2121
--config --check
--greeting --port 2121
--config=
--spool=
--default-port=
--tls-key=
--web=
--include=x
--state=
--default-port=ward3
--default-port=PORT2
--spool=/var/spool/jobs --printer=file:///var/spool/jobs
--spool=/var/spool --printer=file:/var/spool/jobs
--spool=/var/spool --min-free=100%
--spool=/var/spool --min-free=5
--spool=/var/spool --keep=all
--spool=/var/spool --on-doubt=Hold
--spool=/var/spool --max-queued=0
--reply-within=5
--web=8631x
--web=0.0.0.0:8631
--web=http://localhost:8631
--web=tcp:8631:interface=192.0.2.1
--check=yes
--chek
--spool=postgresql:
--spool=postgresql:/x
--spool=postgres:secret@db
--spool=POSTGRESQL://anna:secret@db/jobs
--spool=pgsql://db/jobs
--spool=http://db/jobs
--spool=sqlite:///spool.db
--spool=file:spool
--spool=db.example:/export/spool
--spool='host=db dbname=jobs'
--spool=C:\spool
--spool=\\server\share
--spool=~/spool
--spool='$HOME/spool'
--spool='"/var/spool/jobs"'
--spool='/var/spool/jobs '
--spool=on
--spool=/a --spool=/b
--state=postgresql://db/state
--state=C:\state
--state=true
--history=sqlite:///h.sqlite
--history=:memory:
--history='"h.sqlite"'
--history=on
--config=http://intranet/gateway.toml
--tls-certificate=C:\cert.pem
--printer=file:C:\jobs
--printer=file:~/jobs
--port=TLS:990
--port=HAPROXY:tcp:2121
--port=tcp:2121:interface=
--port=tcp:2121:interface=127.0.0.1:interface=127.0.0.2
--port=tcp:2121:backlog=0
--web=8631 --web=8631
--web=unix:/run/a --web-auth=memory:bob:secret
--web=unix:/run/a --web-behind-proxy
--web=8631 --web-host=http://print.example
--web=8631 --web-host=print.example:8631
--web=8631 --web-host=print.example/jobs
--web=8631 --web-host=*
--auth=memory:bob:
--auth=memory::secret
--max-sessions=3 --max-sessions=4
--idle-timeout=900s --idle-timeout=5m
--pjl-policy=refuse --pjl-policy=log
--fire-and-forget --spool=/a --on-duplicate=print
--mail-to=ops@example.com
--uri=socket://printer
--=2121
--printer=socket://127.0.0.1:8631 --web=8631
--printer=file:///
--allow=0.0.0.0
--allow=::
--allow=10.0.0.0/0
--passive-ports=40000-40010 --web=40005
--active-port=8631 --web=8631
--printer=socket://127.0.0.9:2121 --port=2121
"""

LINES = [line for line in WRONG.splitlines() if line]

PYTHON = re.compile(
    r"Traceback|Error\b|Exception|argument|literal|NoneType|object|<class|<Interface|builtin|\w\(\)"
    r"|\b_[a-z]|[a-z]+_[a-z]+\b(?<!busy_timeout)(?<!max_jobs)(?<!require_tls)(?<!finish_timeout)"
)
"""What a user has not typed and need not know; words with an underscore are names in a program."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test makes its print jobs in the checkout."""
    monkeypatch.chdir(tmp_path)


def complaint(line: str) -> str:
    """What the start says of a command line that cannot work."""
    words = shlex.split(line.replace("\\", "\\\\"))
    options = Options(MemoryReactorClock())
    try:
        options.parseOptions(words)
    except usage.UsageError as error:
        return str(error)
    transports = [port.transport for port in options.configuration.ports]
    fatal = [each.text for each in complaintsAbout(transports) if each.fatal]
    return f"--printer={fatal[0]}" if fatal else ""


def test_howMany() -> None:
    """There are as many as were promised, and none is there twice."""
    assert len(set(LINES)) == len(LINES) >= 150


@pytest.mark.parametrize("line", LINES)
def test_wrong(line: str) -> None:
    """It is refused in one line, in words that an operator knows, with what to do."""
    told = complaint(line)
    assert told, "it starts in silence"
    assert "\n" not in told and len(told) < 1000
    assert not PYTHON.search(told), told
    first = shlex.split(line.replace("\\", "\\\\"))[0].partition("=")[0]
    assert first.lstrip("-") in told or "--" in told
