"""
What can be said of a gateway: one table, from which the command line, its help, the keys of a
configuration file, C{docs/options.rst} and C{docs/configuration.rst} are made.
"""

from __future__ import annotations

from dataclasses import replace

from .ftp.address import FIRST_UNPRIVILEGED
from .ftp.settings import PROFILES, SESSIONS_PER_PORT, SessionSettings
from .named import OnDoubt, OnDuplicate, PortSettings, alias, portName
from .options import (
    Option,
    address,
    choice,
    count,
    greeting,
    hosts,
    line,
    names,
    networks,
    oneOf,
    path,
    portRange,
    seconds,
    size,
    tcpPort,
)
from .spool.limits import keep, least
from .spool.where import place
from .transports.policy import PJLPolicy
from .watch.retention import Names, Retention
from .watch.settings import (
    NotifySettings,
    mailAddress,
    mailAddresses,
    mailServer,
    secretOf,
    webhook,
)

DEFAULT_PRINTER = "print-jobs"
"""The embedded printer keeps every job as one file in this directory, below the current one."""

CONFIGURATION = "Configuration"
CONNECTIONS = "Connections"
PRINTERS = "Printers"
IDENTITY = "Identity"
LIMITS = "Limits"
JOBS = "Jobs"
SPOOL = "Spool"
OPERATING = "Operators"
HISTORY = "History"
ALARMS = "Alarms"
LOGIN = "Who may print"
TLS = "TLS"
NETWORK = "Firewalls and NAT"


_ROWS = (
    Option(
        "config",
        CONFIGURATION,
        "Read options and printers from this TOML file; docs/configuration.rst lists its keys. What"
        " the command line says wins. SIGHUP reads it again.",
        "FILE",
        path,
        path=True,
    ),
    Option(
        "check",
        CONFIGURATION,
        "Say what is wrong, all of it, or list the printing ports, and end with status 1 or 0."
        " Nothing is started, written or printed.",
    ),
    Option(
        "check-reach",
        CONFIGURATION,
        "As --check, and try whether each printer can be reached now; status 1 if one cannot.",
    ),
    Option(
        "port",
        CONNECTIONS,
        "Where FTP clients connect: a TCP port number, on all addresses of both families, or a"
        " Twisted server endpoint string such as tcp:2121:interface=127.0.0.1. tls:990 is a port"
        " for implicit TLS, haproxy:tcp:2121 one behind a proxy that speaks the PROXY protocol.",
        "WHERE",
        otherwise="21",
        many=True,
        short="p",
    ),
    Option(
        "greeting",
        CONNECTIONS,
        "The text of the greeting (220).",
        "TEXT",
        greeting,
        setting="greeting",
    ),
    Option(
        "printer",
        PRINTERS,
        "A printer's device URI, such as socket://printer:9100?description=Ward+3; a bare host,"
        " host:port or /dev/lp0 will do. The first one is PORT1, the second PORT2, and so on.",
        "URI",
        otherwise=f"keep jobs as files in ./{DEFAULT_PRINTER}",
        many=True,
        short="P",
    ),
    Option(
        "default-port",
        PRINTERS,
        "The printing port of uploads that name none.",
        "NAME",
        otherwise="PORT1, or the only one",
    ),
    Option(
        "busy-timeout",
        PRINTERS,
        "How long a job waits for its turn at the printing port (450 then); 0: not at all.",
        "TIME",
        seconds,
        setting="busyTimeout",
    ),
    Option(
        "connect-timeout",
        PRINTERS,
        "How long a printer may take to be reached, all attempts together (450 then); 0: one"
        " attempt.",
        "TIME",
        seconds,
        setting="connectTimeout",
    ),
    Option(
        "profile",
        LIMITS,
        "The limits of a model: 500x (3 sessions a printer, 900 s), jetdirect4 (4, 270 s) or v40"
        " (4, 900 s, data connections 270 s). Options that set one of them win.",
        "MODEL",
        oneOf(PROFILES),
        "500x",
    ),
    Option(
        "max-sessions",
        LIMITS,
        "Control connections at a time in all; further ones are refused (421). This number divided"
        " by the printers, but not less than the model's, is also how many uploads may print on or"
        " wait for one printer; further ones are refused (450).",
        "NUMBER",
        count,
        otherwise=f"{SESSIONS_PER_PORT} for each printer",
        setting="maxSessions",
    ),
    Option(
        "max-sessions-per-host",
        LIMITS,
        "Control connections at a time from one host, which is an IPv4 address, or the 64-bit"
        " network of an IPv6 address.",
        "NUMBER",
        count,
        otherwise="all",
        setting="maxSessionsPerHost",
    ),
    Option(
        "max-job-bytes",
        LIMITS,
        "A longer job is cut there and refused (552).",
        "SIZE",
        size,
        otherwise="no limit",
        setting="maxJobBytes",
    ),
    Option(
        "idle-timeout",
        LIMITS,
        "A session ends when its control and data connections were both silent for so long; 0:"
        " never. A job that waits for paper is not a silent sender.",
        "TIME",
        seconds,
        setting="idleTimeout",
    ),
    Option(
        "data-idle-timeout",
        LIMITS,
        "A job ends when its data connection was silent for so long; 0: never.",
        "TIME",
        seconds,
        otherwise="as --idle-timeout",
        setting="dataIdleTimeout",
    ),
    Option(
        "drain-timeout",
        JOBS,
        "How long running jobs may take to finish when the gateway is stopped (SIGTERM); then they"
        " are aborted, and their senders told so. No new jobs begin meanwhile, and the process ends"
        " less than 5 s after that. 0: abort at once.",
        "TIME",
        seconds,
        setting="drainTimeout",
    ),
    Option(
        "control-loss-grace",
        JOBS,
        "A job is aborted when its control connection is lost. How long to wait for such a loss"
        " after the end of the data.",
        "TIME",
        seconds,
        setting="controlLossGrace",
    ),
    Option(
        "fire-and-forget",
        JOBS,
        "Do not abort a job when its control connection is lost: for devices that drop it right"
        " after their last byte. What a killed sender leaves behind is then printed, too.",
        setting="fireAndForget",
    ),
    Option(
        "spool",
        SPOOL,
        "Keep jobs in this directory until they are printed: the sender is told 226 (..., queued)"
        " when its job is on stable storage, whether or not the printer is there. So it is with all"
        " printers of the command line; in a file, with those that have spool = true, or with all"
        " where [defaults] has it. See docs/spool.rst. Gateways that share printers share a"
        " database, with postgresql://USER@HOST/DATABASE: docs/fleet.rst.",
        "DIRECTORY",
        place,
        otherwise="none, jobs go straight to their printers",
        path=True,
    ),
    Option(
        "standby",
        SPOOL,
        "Wait until no other gateway has the spool, and take over then. Until that nobody can"
        " connect by FTP, and /readyz says standby. See docs/fleet.rst.",
        needs="spool",
    ),
    Option(
        "reply-within",
        SPOOL,
        "Let the 226 of a kept job wait so long for the printer, to tell that the printer has it;"
        " then it is queued all the same.",
        "TIME",
        seconds,
        setting="replyWithin",
        needs="spool",
    ),
    Option(
        "on-doubt",
        SPOOL,
        "A kept job of which a part may be on paper, because the printer was lost or the gateway"
        " was killed: hold it for a person and go on, stop the port, reprint it, or drop it.",
        "WORD",
        choice(OnDoubt),
        setting="onDoubt",
        needs="spool",
    ),
    Option(
        "on-duplicate",
        SPOOL,
        "A job that comes again from a sender that cannot have heard that it is kept: hold it for"
        " a person, or print it.",
        "WORD",
        choice(OnDuplicate),
        setting="onDuplicate",
        needs="spool",
    ),
    Option(
        "keep",
        SPOOL,
        "Keep the bytes of printed jobs, to print them again: the last 20, those of 24h, or as many"
        " as are 1G together.",
        "HOW-MANY",
        keep,
        setting="keep",
        needs="spool",
    ),
    Option(
        "expire",
        SPOOL,
        "Hold a kept job that has waited so long for its printer; 0: never.",
        "TIME",
        seconds,
        setting="expire",
        needs="spool",
    ),
    Option(
        "max-queued",
        SPOOL,
        "Jobs that one printing port may keep, held ones included; further ones are refused (452).",
        "NUMBER",
        count,
        setting="maxQueued",
        needs="spool",
    ),
    Option(
        "max-queued-bytes",
        SPOOL,
        "Bytes of all jobs that one printing port may keep.",
        "SIZE",
        size,
        otherwise="no limit",
        setting="maxQueuedBytes",
        needs="spool",
    ),
    Option(
        "max-queued-per-host",
        SPOOL,
        "Jobs of one sender that one printing port may keep.",
        "NUMBER",
        count,
        otherwise="no limit",
        setting="maxQueuedPerHost",
        needs="spool",
    ),
    Option(
        "min-free",
        SPOOL,
        "Space that must stay free on the spool's file system, such as 5% or 10G; a job that leaves"
        " less is refused (452).",
        "HOW-MUCH",
        least,
        setting="minFree",
        needs="spool",
    ),
    Option(
        "pjl-policy",
        JOBS,
        "Jobs with PJL commands that no print job needs, such as those for the printer's files,"
        " NVRAM, passwords and firmware: off, log or refuse (550, or 551 in mid-job).",
        "WORD",
        oneOf(each.value for each in PJLPolicy),
        setting="pjlPolicy",
    ),
    Option(
        "web",
        OPERATING,
        "Where the gateway listens for HTTP: from the command jetdirect, from other programs, and"
        " from browsers, which get its pages. A TCP port number, on the loopback addresses, a"
        " server endpoint string such as tcp:8631:interface=127.0.0.1, or unix:/PATH/OF/SOCKET,"
        " with mode 0660. Everybody who can connect there may do everything, unless --web-auth asks"
        " for a password. tls:8631 is for other machines, with --web-auth and --tls-certificate.",
        "WHERE",
        otherwise="nowhere",
        many=True,
    ),
    Option(
        "state",
        HISTORY,
        "Where a gateway without a spool keeps what must survive a restart: which printing ports"
        " are paused, the number of the last job, and the history.",
        "DIRECTORY",
        path,
        otherwise="the spool's",
        path=True,
    ),
    Option(
        "history",
        HISTORY,
        "Keep the history of ended jobs in this file (SQLite), for jetdirect history and for"
        " accounting; it survives a restart. A relative path starts at the state's directory.",
        "FILE",
        path,
        otherwise="none, the last 1,000 are known until the gateway ends",
    ),
    Option(
        "history-days",
        HISTORY,
        "Days after which jobs are removed from the history.",
        "NUMBER",
        count,
        Retention.days,
        needs="history",
    ),
    Option(
        "history-rows",
        HISTORY,
        "The most jobs that the history has.",
        "NUMBER",
        count,
        Retention.rows,
        needs="history",
    ),
    Option(
        "history-bytes",
        HISTORY,
        "The largest size of the history's file.",
        "SIZE",
        size,
        Retention.bytes,
        needs="history",
    ),
    Option(
        "names",
        HISTORY,
        "What the history does with the names of jobs, which may be names of patients: keep them,"
        " mask all but the first letter, or omit them. The sender's name stays.",
        "WORD",
        choice(Names),
        Retention.names.value,
    ),
    Option(
        "web-auth",
        OPERATING,
        "Who may use --web over TCP, with a user name and a password, such as"
        " file:/etc/jetdirect.operators; the kinds are those of --auth. A Unix socket asks for no"
        " password.",
        "KIND:WHERE",
        otherwise="everybody who can connect",
        many=True,
        needs="web",
    ),
    Option(
        "web-host",
        OPERATING,
        "Names of the gateway in addresses that browsers show, such as print.example; those of this"
        " machine, and the address itself, are known.",
        "NAMES",
        hosts,
        otherwise="none",
        many=True,
        needs="web",
    ),
    Option(
        "web-see",
        OPERATING,
        "Users of --web-auth who may look; * is everybody who is let in. Without these three lists"
        " everybody who is let in may do everything.",
        "NAMES",
        names,
        otherwise="none",
        many=True,
        needs="web-auth",
    ),
    Option(
        "web-operate",
        OPERATING,
        "Users who may also pause, cancel, move and so on.",
        "NAMES",
        names,
        otherwise="none",
        many=True,
        needs="web-auth",
    ),
    Option(
        "web-administer",
        OPERATING,
        "Users who may also reload, erase, and see the configuration and the log.",
        "NAMES",
        names,
        otherwise="none",
        many=True,
        needs="web-auth",
    ),
    Option(
        "web-behind-proxy",
        OPERATING,
        "A proxy ends TLS in front of --web: passwords may come in clear from other machines.",
        needs="web",
    ),
    Option(
        "log-format",
        OPERATING,
        "How the log is written: as text, or as JSON, an object a line. docs/log.rst has the"
        " fields.",
        "FORMAT",
        oneOf(("text", "json")),
        "text",
    ),
    Option(
        "allow",
        LOGIN,
        "Networks that may connect, such as 192.0.2.0/24,2001:db8::/32.",
        "NETWORKS",
        networks,
        otherwise="all",
        many=True,
        setting="allow",
    ),
    Option(
        "auth",
        LOGIN,
        "Who may log in, such as file:/etc/jetftp.passwd; --help-auth lists the kinds.",
        "KIND:WHERE",
        otherwise="everybody, under any name",
        many=True,
    ),
    Option(
        "tls-certificate",
        TLS,
        "PEM file with the certificate and its chain: offer TLS (AUTH TLS). SIGHUP reads it again.",
        "FILE",
        path,
        path=True,
    ),
    Option(
        "tls-key",
        TLS,
        "PEM file with the certificate's private key.",
        "FILE",
        path,
        otherwise="the same file",
        path=True,
        needs="tls-certificate",
    ),
    Option(
        "require-tls",
        TLS,
        "Refuse logins and jobs that are not encrypted.",
        setting="requireTLS",
        needs="tls-certificate",
    ),
    Option(
        "tls-lenient-close",
        TLS,
        "Take the end of a TLS data connection without close_notify for the end of the file.",
        setting="lenientClose",
        needs="tls-certificate",
    ),
    Option(
        "passive-ports",
        NETWORK,
        "TCP ports for passive data connections, in a firewall's terms.",
        "LOW-HIGH",
        portRange(FIRST_UNPRIVILEGED),
        otherwise="any free ones",
        setting="passivePorts",
    ),
    Option(
        "passive-address",
        NETWORK,
        "The IPv4 address that PASV announces, for senders beyond a NAT or a proxy. A host name"
        " is looked up when it is needed, and remembered for a minute. Data connections bypass"
        " the proxy.",
        "ADDRESS",
        address,
        otherwise="the gateway's own",
        setting="passiveAddress",
    ),
    Option(
        "passive-inside",
        NETWORK,
        "Networks of senders that are told the gateway's own address in spite of"
        " --passive-address, such as 10.0.0.0/8.",
        "NETWORKS",
        networks,
        otherwise="none",
        many=True,
        setting="passiveInside",
        needs="passive-address",
    ),
    Option(
        "data-from",
        NETWORK,
        "Networks whose hosts may make a passive data connection in the sender's place, such as"
        " 10.0.0.0/8: for senders with two addresses. Any host there that is first can print in"
        " another's name.",
        "NETWORKS",
        networks,
        otherwise="none",
        many=True,
        setting="dataFrom",
    ),
    Option(
        "active-port",
        NETWORK,
        "TCP port that active data connections come from; firewalls want 20. Ports below 1024 need"
        " root, or CAP_NET_BIND_SERVICE also after twistd --uid.",
        "PORT",
        tcpPort,
        otherwise="any free one",
        setting="activePort",
    ),
    Option(
        "active-nat",
        NETWORK,
        "A sender that names a private address that is not its own in PORT or EPRT is dialled at"
        " its own, for senders beyond a NAT. Any host behind that address can get its connections.",
        setting="activeNAT",
    ),
)

_FILE_ROWS = (
    Option(
        "include",
        CONFIGURATION,
        "Files with more printers, such as ports.d/*.toml, read in the order of their names. They"
        " hold [[printer]] only.",
        "FILES",
        path,
        otherwise="none",
        many=True,
        path=True,
    ),
)

_PORT_ROWS = (
    Option(
        "spool",
        SPOOL,
        "Keep jobs in the spool until they are printed; it is named above the first [table].",
        setting="spool",
        needs="spool",
    ),
    Option(
        "name",
        IDENTITY,
        "What cd, put and STAT call it: letters, digits, - and _; upper and lower case are the"
        " same. It is the port's identity: whatever else is changed, its jobs stay with the name.",
        "NAME",
        portName,
        otherwise="none; it must be said",
    ),
    Option(
        "number",
        IDENTITY,
        "With it the port is also called PORT and this number. No port is numbered by its place.",
        "NUMBER",
        count,
        otherwise="none",
    ),
    Option(
        "aliases",
        IDENTITY,
        "Other names of it, such as those of a box that it replaces: words of printable ASCII"
        " without / and \\, but not PORT and a number.",
        "WORD",
        alias,
        otherwise="none",
        many=True,
    ),
    Option(
        "uri",
        IDENTITY,
        "The printer's device URI, as behind --printer.",
        "URI",
        otherwise="none; it must be said",
    ),
    Option(
        "description",
        IDENTITY,
        "What the printer is called in banner, PWD, LIST and STAT. Wins over description= in its"
        " URI.",
        "TEXT",
        line,
        otherwise="its own words",
        setting="description",
    ),
    Option(
        "location",
        IDENTITY,
        "Where the printer stands.",
        "TEXT",
        line,
        otherwise="not said",
        setting="location",
    ),
    Option(
        "gap",
        PRINTERS,
        "How long the printer needs after each job before the next one. gap= in its URI wins.",
        "TIME",
        seconds,
        setting="gap",
    ),
    Option(
        "max-sessions",
        LIMITS,
        "How many uploads may print on or wait for the printer; further ones are refused (450).",
        "NUMBER",
        count,
        otherwise="its share of the sessions",
        setting="share",
    ),
    Option(
        "allow",
        LOGIN,
        "Networks whose senders may print here; others are told 550.",
        "NETWORKS",
        networks,
        otherwise="all that may connect",
        many=True,
        setting="allow",
    ),
)

_NOTIFY_ROWS = (
    Option(
        "mail-to",
        ALARMS,
        "Mail addresses, with a comma between them.",
        "ADDRESS",
        mailAddresses,
        otherwise="nobody gets mail",
        many=True,
        setting="mailTo",
    ),
    Option(
        "mail-from",
        ALARMS,
        "From whom the mail is.",
        "ADDRESS",
        mailAddress,
        otherwise="jetdirect at this machine",
        setting="mailFrom",
        needs="mail-to",
    ),
    Option(
        "smtp",
        ALARMS,
        "The mail server: smtp://HOST takes TLS (STARTTLS) if the server has it, smtps://HOST is"
        " TLS from the beginning. With smtp://USER@HOST?password-file=FILE there is a login, and"
        " TLS is a must. tls-ca=FILE has the certificates of who may sign the server's.",
        "URI",
        mailServer,
        setting="smtp",
        needs="mail-to",
    ),
    Option(
        "webhook",
        ALARMS,
        "Where alarms are posted as JSON: https://HOST/PATH, or http:// on this machine.",
        "URL",
        webhook,
        otherwise="nowhere",
        setting="webhook",
    ),
    Option(
        "webhook-secret-file",
        ALARMS,
        "A file with the secret that signs what is posted (HMAC-SHA256).",
        "FILE",
        secretOf,
        otherwise="none, nothing is signed",
        setting="secret",
        path=True,
        needs="webhook",
    ),
    Option(
        "after",
        ALARMS,
        "How long a port is stopped before that is told, and works again before that is.",
        "TIME",
        seconds,
        setting="after",
    ),
    Option(
        "remind",
        ALARMS,
        "What still stands is told again after so long; 0: never.",
        "TIME",
        seconds,
        setting="remind",
    ),
    Option(
        "oldest",
        ALARMS,
        "How long a job may wait before that is told; 0: any time.",
        "TIME",
        seconds,
        setting="oldest",
    ),
)


_SESSIONS, _PORTS, _ALARMS = SessionSettings(), PortSettings(), NotifySettings()


def _withDefault(option: Option) -> Option:
    # Its default is written once, where the setting is.
    if not option.setting:
        return option
    settings = _SESSIONS if hasattr(_SESSIONS, option.setting) else _PORTS
    return replace(option, default=getattr(settings, option.setting))


OPTIONS = tuple(map(_withDefault, _ROWS))
"""In the order of the help."""

NEVER_IN_A_FILE = ("config", "check", "check-reach", "printer")
"""Options of the command line that are no keys of a configuration file."""

FILE_OPTIONS = (
    *_FILE_ROWS,
    *(each for each in OPTIONS if each.name not in NEVER_IN_A_FILE),
)
"""The keys of a configuration file, but for those of its tables."""

PORT_OPTIONS = (
    *(replace(each, default=getattr(_PORTS, each.setting, None)) for each in _PORT_ROWS),
    *(
        each
        for each in OPTIONS
        if hasattr(_PORTS, each.setting) and not hasattr(_SESSIONS, each.setting)
    ),
)
"""The keys of a printing port, in C{[[printer]]}.  What is set for one is set for all in
C{[defaults]}."""

IDENTIFYING = ("name", "number", "aliases", "uri")
"""Keys of a printing port that have no default for all."""

NOTIFY_OPTIONS = tuple(
    replace(each, default=getattr(_ALARMS, each.setting)) for each in _NOTIFY_ROWS
)
"""The keys of C{[notify]}."""
