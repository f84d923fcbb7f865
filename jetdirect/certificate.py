"""
The gateway's TLS certificate, which can be renewed while it runs.

TLS 1.2 only.  With 1.3 a server sends session tickets after the handshake, unasked.  A client that
uploads does not read them, and closing a socket with something unread makes its kernel throw away
what it had still to send: lftp's jobs arrived cut (measured; OpenSSL could be told to send no
tickets, pyOpenSSL cannot tell it).

Needs pyOpenSSL, which C{pip install jetdirect[tls]} brings.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_CERTIFICATE = re.compile(_BEGIN + b".*?" + _END, re.DOTALL)
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_WHOLE_KEY = re.compile(_KEY.pattern + b".*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_DER = b"\x30"
_PKCS12 = b"\x02\x01\x03\x30"  # its version, behind the outer length (RFC 7292, section 4)
"""A SEQUENCE, with which the other form of certificates and keys begins (X.690 section 8.9)."""


class ServerCertificate:
    """
    A certificate, its chain and its private key, in PEM files.

    @ivar options: what C{startTLS} takes: TLS 1.2, sessions may be resumed.
    @ivar webContext: for pages, a context of pyOpenSSL: TLS 1.2 or 1.3, and HTTP/1.1.
    @ivar warnings: what is not well with it, though it can be used; a sentence each.
    """

    options: Any
    webContext: Any
    _content: tuple[bytes, bytes]
    warnings: Sequence[str] = ()

    def __init__(self, certificate: str, key: str) -> None:
        """
        @param certificate: a file with the certificate first, then those that it depends on.
        @param key: a file with its private key, without a pass phrase.
        @raise ValueError: they cannot be used; the message says why.
        """
        self._certificate = certificate
        self._key = key
        self.reload()

    def __eq__(self, other: object) -> bool:
        """Do the files of both hold the same?"""
        return isinstance(other, ServerCertificate) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def reload(self) -> None:
        """
        Read the files again; connections made from now on use what they hold.

        @raise ValueError: they cannot be used; what was read before stays in use.
        """
        try:
            from cryptography.x509 import Certificate as X509
            from OpenSSL import SSL
            from twisted.internet.ssl import CertificateOptions
        except ImportError:
            raise ValueError("TLS needs pyOpenSSL; pip install 'jetdirect[tls]'") from None
        if not hasattr(X509, "not_valid_after_utc"):
            # Debian 12's: whoever installs by pip has newer ones.
            needed = "TLS needs cryptography 42 and pyOpenSSL 24.3, and those here are older"
            raise ValueError(f"{needed}; pip install 'jetdirect[tls]'")
        chain, key = self._chain(), self._privateKey()
        content = (_read(self._certificate), _read(self._key))
        try:
            options = CertificateOptions(
                privateKey=key,
                certificate=chain[0],
                extraCertChain=chain[1:],
                enableSessions=True,
                enableSessionTickets=True,
            )
            webContext = CertificateOptions(
                privateKey=key, certificate=chain[0], extraCertChain=chain[1:]
            ).getContext()
            webContext.set_alpn_select_callback(_onlyHTTP)
            context = options.getContext()
            context.set_min_proto_version(SSL.TLS1_2_VERSION)
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
            context.set_alpn_select_callback(_onlyFTP)
            context.check_privatekey()
        except MemoryError:
            remedy = "set MemoryDenyWriteExecute=no in the systemd unit"
            raise ValueError(f"pyOpenSSL may not make callbacks here; {remedy}") from None
        except (SSL.Error, TypeError) as error:
            raise ValueError(self._unfit(chain, key, error)) from None
        self.options = options
        self.webContext = webContext
        self._content = content
        self.warnings = list(self._notWell(chain[0]))

    def _chain(self) -> list[Any]:
        from cryptography.x509 import load_pem_x509_certificate

        file = self._certificate
        content = _read(file)
        pems = _CERTIFICATE.findall(content)
        if not pems and content.startswith(_DER):
            _noArchive(file, content)
            remedy = "openssl x509 -inform DER writes it as PEM"
            raise ValueError(f"{file} holds a certificate in the form DER; {remedy}")
        if _BEGIN in _CERTIFICATE.sub(b"", content):
            raise ValueError(f"{file} is cut off: the END line of a certificate is missing")
        if not pems:
            only = "a private key and no certificate" if _KEY.search(content) else "no certificate"
            raise ValueError(f"{file} holds {only}; one begins with {_BEGIN.decode()}")
        try:
            return [load_pem_x509_certificate(pem) for pem in pems]
        except ValueError:
            raise ValueError(f"{file} holds a certificate that is damaged; copy it again") from None

    def _privateKey(self) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        file = self._key
        content = _read(file)
        if _KEY.search(content) is None:
            if content.startswith(_DER):
                _noArchive(file, content)
                remedy = "openssl pkey -inform DER writes it as PEM"
                raise ValueError(f"{file} holds a key in the form DER; {remedy}")
            raise ValueError(f"{file} holds no private key; name its file with --tls-key=FILE")
        if b"ENCRYPTED" in content:
            remedy = "openssl pkey writes it without"
            raise ValueError(
                f"{file} holds a key with a pass phrase, nobody is there to say it; {remedy}"
            )
        whole = _WHOLE_KEY.search(content)
        try:
            return load_pem_private_key(whole[0] if whole else b"", None)
        except (UnsupportedAlgorithm, ValueError):
            raise ValueError(f"{file} holds a private key that is damaged; copy it again") from None

    def _unfit(self, chain: list[Any], key: Any, error: Exception) -> str:
        own, keys = key.public_key(), [_publicKey(each) for each in chain]
        if own in keys[1:]:
            remedy = "put the gateway's own in front of those that it depends on"
            return f"the certificates in {self._certificate} are in the wrong order; {remedy}"
        if own != keys[0]:
            fits = f"is not that of the certificate in {self._certificate}"
            return f"the private key in {self._key} {fits}"
        said = error.args[0] if error.args else ()
        reason = said[0][-1] if isinstance(said, list) and said else said or "it does not say why"
        return f"OpenSSL does not take {self._certificate} and {self._key}: {reason}"

    def _notWell(self, certificate: Any) -> Iterator[str]:
        file = self._certificate
        now = datetime.fromtimestamp(time.time(), UTC)
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if last < now:
            yield f"the certificate in {file} ended on {last:%Y-%m-%d}; most clients refuse it"
        if first > now:
            begins = f"begins on {first:%Y-%m-%d}"
            yield f"the certificate in {file} {begins}; until then clients refuse it"
        with suppress(OSError):
            if os.stat(self._key).st_mode & stat.S_IROTH:
                key = self._key
                yield f"everybody here may read the private key in {key}; chmod o-r {key}"


def _noArchive(file: str, content: bytes) -> None:
    # The length is in one byte, or in so many as the first one says.
    lengths = content[1] & 0x7F if content[1:2] > b"\x7f" else 0
    if content[2 + lengths :].startswith(_PKCS12):
        remedy = "openssl pkcs12 -nodes -in FILE -out FILE.pem writes what is in it as PEM"
        raise ValueError(f"{file} is an archive of the form PKCS 12; {remedy}")


def _publicKey(certificate: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None  # of a kind that no private key here has


def _read(file: str) -> bytes:
    if not file:
        raise ValueError("the name of a PEM file is missing")
    try:
        return Path(file).read_bytes()
    except OSError as error:
        remedy = "name a PEM file that this user can read"
        raise ValueError(f"{file}: {error.strerror}; {remedy}") from None


def _onlyFTP(connection: object, offered: list[bytes]) -> Any:
    """
    The application protocol of a handshake (RFC 7301), if the client names any.

    A browser that somebody leads here (ALPACA) names those of the web, and gets no further.
    FileZilla has names of its own, with C{ftp} in them, and takes no answer for an answer.
    """
    from OpenSSL import SSL

    if b"ftp" in offered:
        return b"ftp"
    if any(b"ftp" in each for each in offered):
        return SSL.NO_OVERLAPPING_PROTOCOLS
    raise SSL.Error([("the gateway", "ALPN", "the client wants another protocol than FTP")])


def _onlyHTTP(connection: object, offered: list[bytes]) -> Any:
    # A browser offers HTTP/2, too, which is not spoken here.
    from OpenSSL import SSL

    if b"http/1.1" in offered:
        return b"http/1.1"
    raise SSL.Error([("the gateway", "ALPN", "the client wants another protocol than HTTP/1.1")])
