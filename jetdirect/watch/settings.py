"""
Whom an operator wants to be told of alarms, in words, and how words become values.

Secrets come from files of their own: what is written here is shown to operators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname
from urllib.parse import SplitResult, urlsplit

from ..uri import parse

SMTP, SMTPS, HTTP, HTTPS = 25, 465, 80, 443
"""Ports (RFC 5321, section 2.3.1; RFC 8314, section 3.3; RFC 9110, section 4.2)."""

LONGEST_SECRET = 4096
"""Bytes of a password or a key; a longer file is none (chosen)."""

LONGEST_ADDRESS = 254
"""Characters of a mail address (RFC 5321, section 4.5.3.1.3, without the brackets)."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]+", re.ASCII)
_OPTIONS = ("password-file", "tls-ca")
_LOOPBACK = re.compile(r"localhost\.?|127\.[\d.]+|::1", re.ASCII)


@dataclass(frozen=True)
class MailServer:
    """
    Where mail is handed over.

    @ivar secure: TLS from the first byte on; else STARTTLS, if the server has it.
    @ivar user: for a login; empty: there is none.
    @ivar authorities: a PEM file with those who may sign the server's certificate; L{None}: those
        whom the system trusts.
    """

    host: str
    port: int
    secure: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    authorities: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'smtps' if self.secure else 'smtp'}://{host}:{self.port}"

    @property
    def proven(self) -> bool:
        """
        Must the server be who it says?  Where a password or nothing but TLS is said; otherwise the
        mail would go in clear if the server knew no TLS, so anybody's is better.
        """
        return self.secure or bool(self.user) or self.authorities is not None


@dataclass(frozen=True)
class Webhook:
    """
    Where alarms are posted.

    @ivar target: path and query; it may be a secret.
    """

    host: str
    port: int
    secure: bool
    target: str = field(default="/", repr=False)

    def __str__(self) -> str:
        scheme, usual = ("https", HTTPS) if self.secure else ("http", HTTP)
        return f"{scheme}://{self.authority}{'' if self.port == usual else f':{self.port}'}"

    @property
    def authority(self) -> str:
        """The host as a URL has it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def isHere(self) -> bool:
        """Is it on this machine, as far as its name says?"""
        return bool(_LOOPBACK.fullmatch(self.host))


LOCAL = MailServer("localhost", SMTP)
"""The machine's own mail server."""


@dataclass(frozen=True)
class NotifySettings:
    """
    Who is told of alarms, and when.

    @ivar mailTo: addresses; empty: nobody gets mail.
    @ivar mailFrom: an address; empty: C{jetdirect} at this machine.
    @ivar webhook: L{None}: there is none.
    @ivar secret: with which what is posted is signed; empty: it is not.
    @ivar after: seconds for which a port is stopped, or works again, before that is told.
    @ivar remind: seconds after which what still stands is told again; 0: never.
    @ivar oldest: seconds that a job may wait before that is told; 0: any time.
    """

    mailTo: tuple[str, ...] = ()
    mailFrom: str = ""
    smtp: MailServer = LOCAL
    webhook: Webhook | None = None
    secret: bytes = field(default=b"", repr=False)
    after: float = 60.0
    remind: float = 4 * 3600.0
    oldest: float = 600.0

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.mailFrom or f"jetdirect@{_hostName()}"

    def __str__(self) -> str:
        mail = f"{', '.join(self.mailTo)} by {self.smtp}" if self.mailTo else ""
        return " and ".join(filter(None, [mail, str(self.webhook or "")]))

    def warnings(self) -> list[str]:
        """What others can read on the way."""
        hook = self.webhook
        if hook is not None and not hook.secure and not hook.isHere:
            return [f"alarms are posted to {hook} in clear; https: would encrypt them"]
        return []


def _hostName() -> str:
    # As it is known here: a name server may be away, and just then there is an alarm.
    name = re.sub(r"[^A-Za-z0-9.-]", "", gethostname()).strip(".-")
    return name or "localhost"


def mailAddress(text: str) -> str:
    """
    An address of RFC 5321, without quotes and comments.

    @raise ValueError: it is none.
    """
    if not _ADDRESS.fullmatch(text) or len(text) > LONGEST_ADDRESS or ".." in text:
        raise ValueError("give a mail address such as printers@example.com")
    return text


def mailAddresses(text: str) -> list[str]:
    """Several, with a comma between them.  @raise ValueError: one is none."""
    return [mailAddress(each.strip()) for each in text.split(",")]


def mailServer(text: str, folder: str = "") -> MailServer:
    """
    C{smtp://HOST}, C{smtps://HOST}, with C{USER@} and C{?password-file=FILE}, C{tls-ca=FILE}.

    @param folder: where the names of files begin.
    @raise ValueError: it is none, or a file cannot be used; the message holds no secret.
    """
    uri = parse(text) if re.match(r"smtps?://", text) else None
    if uri is None or not uri.host or uri.path not in ("", "/"):
        raise ValueError("give smtp://HOST or smtps://HOST, such as smtp://mail.example.com:587")
    remedy = "write it into a file that only the gateway reads, and ?password-file=FILE"
    if uri.password:
        raise ValueError(f"a password does not stand here; {remedy}")
    for name in uri.options:
        if name not in _OPTIONS:
            raise ValueError(f"no option {name}; there are {', '.join(_OPTIONS)}")
    file = uri.options.get("password-file")
    if bool(uri.user) is not bool(file):
        raise ValueError(f"a login needs USER@ and a password; {remedy}")
    secure = uri.scheme == "smtps"
    authorities = uri.options.get("tls-ca")
    return MailServer(
        uri.host,
        uri.port or (SMTPS if secure else SMTP),
        secure,
        uri.user,
        secretOf(str(Path(folder, file))).decode("utf-8") if file else "",
        None if authorities is None else str(Path(folder, authorities)),
    )


def webhook(text: str) -> Webhook:
    """
    The address of a webhook: C{https://HOST/PATH}.

    @raise ValueError: it is none; the message does not show it, as its path may be a secret.
    """
    remedy = "give https://HOST/PATH, or http:// to this machine"
    if not all("!" <= each <= "~" for each in text):
        raise ValueError(f"an address has neither blanks nor letters beyond ASCII; {remedy}")
    try:
        found: SplitResult = urlsplit(text)
        port = found.port
        host = parse(f"http://{found.netloc}").host
    except ValueError:
        raise ValueError(f"no address of a web server; {remedy}") from None
    if found.scheme not in ("http", "https") or not host or found.fragment:
        raise ValueError(f"no address of a web server; {remedy}")
    if "@" in found.netloc:
        raise ValueError("a name and a password do not stand here; webhook-secret-file signs")
    secure = found.scheme == "https"
    query = f"?{found.query}" if found.query else ""
    return Webhook(host, port or (HTTPS if secure else HTTP), secure, f"{found.path or '/'}{query}")


def secretOf(path: str) -> bytes:
    """
    The secret in a file, without a line end behind it.

    Blocks as long as a disk does.

    @raise ValueError: there is none; the message says why.
    """
    try:
        with open(path, "rb") as file:
            found = file.read(LONGEST_SECRET + 1)
        found.decode("utf-8")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; name a file that this user can read") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8; it has the secret as text") from None
    found = found.rstrip(b"\r\n")
    if not found or len(found) > LONGEST_SECRET or b"\n" in found:
        raise ValueError(f"{path}: expected one line with the secret")
    return found
