"""
The gateway's TLS certificate, which can be renewed while it runs.

TLS 1.2 only.  With 1.3 a server sends session tickets after the handshake, unasked.  A client that
uploads does not read them, and closing a socket with something unread makes its kernel throw away
what it had still to send: lftp's jobs arrived cut (measured; OpenSSL could be told to send no
tickets, pyOpenSSL cannot tell it).

Needs pyOpenSSL, which C{pip install jetdirect[tls]} brings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class ServerCertificate:
    """
    A certificate, its chain and its private key, in PEM files.

    @ivar options: what C{startTLS} takes: TLS 1.2, sessions may be resumed.
    """

    options: Any

    def __init__(self, certificate: str, key: str) -> None:
        """
        @param certificate: a file with the certificate first, then those that it depends on.
        @param key: a file with its private key, without a pass phrase.
        @raise ValueError: they cannot be used; the message says why.
        """
        self._certificate = certificate
        self._key = key
        self.reload()

    def reload(self) -> None:
        """
        Read the files again; connections made from now on use what they hold.

        @raise ValueError: they cannot be used; what was read before stays in use.
        """
        try:
            from OpenSSL import SSL, crypto
            from twisted.internet.ssl import CertificateOptions
        except ImportError:
            raise ValueError("TLS needs pyOpenSSL; pip install 'jetdirect[tls]'") from None
        try:
            chain = [
                crypto.load_certificate(crypto.FILETYPE_PEM, pem)
                for pem in _CERTIFICATE.findall(Path(self._certificate).read_bytes())
            ]
            key = crypto.load_privatekey(
                crypto.FILETYPE_PEM, Path(self._key).read_bytes(), passphrase=b""
            )
            if not chain:
                raise ValueError(f"{self._certificate} holds no certificate")
            options = CertificateOptions(
                privateKey=key,
                certificate=chain[0],
                extraCertChain=chain[1:],
                enableSessions=True,
                enableSessionTickets=True,
            )
            context = options.getContext()
            context.set_min_proto_version(SSL.TLS1_2_VERSION)
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
            context.set_alpn_select_callback(_onlyFTP)
            context.check_privatekey()
        except OSError as error:
            raise ValueError(f"{error.filename}: {error.strerror}") from None
        except MemoryError:
            remedy = "set MemoryDenyWriteExecute=no in the systemd unit"
            raise ValueError(f"pyOpenSSL may not make callbacks here; {remedy}") from None
        except (SSL.Error, crypto.Error):
            pair = f"{self._certificate} and {self._key}"
            raise ValueError(f"{pair} are not a certificate and its private key") from None
        self.options = options


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
