"""
Certificates for tests: self-signed, for this machine's loopback addresses.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.endpoints import SSL4ServerEndpoint


def selfSigned(directory: Path, name: str = "gateway", days: float = 30) -> Path:
    """
    Make a key and its certificate, which clients can also use as the authority that they trust.

    @param name: the file's, and the common name in the certificate; a host's name will do.
    @return: a PEM file with both.
    """
    pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    loopback = [
        x509.DNSName("localhost"),
        x509.DNSName(name),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(loopback), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / f"{name}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return file


def endpoint(pair: Path, host: str = "127.0.0.1", port: int = 0) -> Any:
    """
    Where a printer listens under TLS.  (Twisted's C{ssl:} gives pyOpenSSL what it deprecates.)

    @param pair: a file that L{selfSigned} made.
    """
    pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate
    from twisted.internet import reactor
    from twisted.internet.ssl import CertificateOptions

    pem = pair.read_bytes()
    key: Any = load_pem_private_key(pem[pem.index(b"-----BEGIN RSA") :], None)
    certificate: Any = load_pem_x509_certificate(pem)
    options = CertificateOptions(privateKey=key, certificate=certificate)
    return SSL4ServerEndpoint(reactor, port, options, interface=host)
