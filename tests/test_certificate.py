"""
The gateway's certificate: what is refused and how it is said; a bad renewal changes nothing.
"""

from __future__ import annotations

import builtins
import datetime
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from jetdirect.certificate import ServerCertificate
from tests.support.certificate import selfSigned


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good PEM file with certificate and key; nobody changes it."""
    return selfSigned(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one."""
    return selfSigned(tmp_path_factory.mktemp("other"), "other")


def parts(file: Path) -> tuple[bytes, bytes]:
    """The certificate and the key of a file."""
    text = file.read_bytes()
    at = text.index(b"-----BEGIN RSA")
    return text[:at], text[at:]


def served(certificate: ServerCertificate, **client: Any) -> tuple[bytes, str]:
    """
    Shake hands with it as a client does.

    @return: the certificate that was shown, and the version of TLS.
    """
    from OpenSSL import SSL

    here, there = socket.socketpair()

    def serve() -> None:
        there.setblocking(True)
        connection = SSL.Connection(certificate.options.getContext(), there)
        connection.set_accept_state()
        try:
            connection.do_handshake()
        except SSL.Error:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in client.items():
        setattr(context, name, value)
    here.settimeout(20)
    try:
        with context.wrap_socket(here) as wire:
            return wire.getpeercert(True) or b"", wire.version() or ""
    finally:
        here.close()
        thread.join(20)
        there.close()


def shown(file: Path) -> bytes:
    """The first certificate of a file as it goes over the wire."""
    loaded = x509.load_pem_x509_certificates(parts(file)[0])[0]
    return loaded.public_bytes(serialization.Encoding.DER)


def test_oneFile(pair: Path) -> None:
    """Certificate and key may be in one file, in either order."""
    assert served(ServerCertificate(str(pair), str(pair)))[0] == shown(pair)


def test_keyFirst(pair: Path, tmp_path: Path) -> None:
    """The order in the file does not matter, nor does text around."""
    certificate, key = parts(pair)
    file = tmp_path / "pair.pem"
    file.write_bytes(b"the key\n" + key + b"\nthe certificate\r\n" + certificate + b"the end\n")
    assert served(ServerCertificate(str(file), str(file)))[0] == shown(pair)


def test_chain(pair: Path, other: Path, tmp_path: Path) -> None:
    """The first certificate is the gateway's; the others are sent along."""
    file = tmp_path / "chain.pem"
    file.write_bytes(parts(pair)[0] + parts(other)[0])
    certificate = ServerCertificate(str(file), str(pair))
    assert served(certificate)[0] == shown(pair)
    assert len(certificate.options.extraCertChain) == 1


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_ellipticKey(form: str, pair: Path, tmp_path: Path) -> None:
    """A key of another kind, in both forms that programs write."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "elliptic.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            getattr(serialization.PrivateFormat, form),
            serialization.NoEncryption(),
        )
    )
    assert served(ServerCertificate(str(file), str(file)))[1] == "TLSv1.2"


# What is refused


def encrypted(pair: Path) -> bytes:
    """The key with a pass phrase, for which nobody can be asked."""
    key = serialization.load_pem_private_key(parts(pair)[1], None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


def weak(_: Path) -> bytes:
    """A key that fits no certificate here."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


_ARMOUR = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"

BAD_CERTIFICATES: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty": (lambda pair: b"", "holds no certificate"),
    "words": (lambda pair: b"this is no certificate\n", "holds no certificate"),
    "DER": (shown, "in the form DER"),
    "only the key": (lambda pair: parts(pair)[1], "a private key and no certificate"),
    "cut": (lambda pair: parts(pair)[0][:300], "is cut off"),
    "second cut": (lambda pair: parts(pair)[0] + parts(pair)[0][:300], "is cut off"),
    "garbage inside": (lambda pair: _ARMOUR % b"bm90aGluZw==", "is damaged"),
    "no base64": (lambda pair: _ARMOUR % b"\xff\xfe\x00!", "is damaged"),
    "nothing inside": (lambda pair: _ARMOUR % b"", "is damaged"),
    "bytes": (lambda pair: bytes(range(256)) * 10, "holds no certificate"),
}
BAD_KEYS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty": (lambda pair: b"", "holds no private key"),
    "words": (lambda pair: b"this is no key\n", "holds no private key"),
    "only the certificate": (lambda pair: parts(pair)[0], "holds no private key.*--tls-key"),
    "DER": (shown, "in the form DER"),
    "cut": (lambda pair: parts(pair)[1][:300], "is damaged"),
    "pass phrase": (encrypted, "pass phrase"),
    "another": (weak, "is not that of the certificate in"),
    "garbage inside": (
        lambda pair: b"-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n",
        "is damaged",
    ),
    "bytes": (lambda pair: bytes(range(256)) * 10, "holds no private key"),
}


@pytest.mark.parametrize(("make", "told"), BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES)
def test_badCertificate(
    make: Callable[[Path], bytes], told: str, pair: Path, tmp_path: Path
) -> None:
    """The file is named, and each mistake has a sentence of its own."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(make(pair))
    with pytest.raises(ValueError, match=rf"certificate\.pem.*{told}"):
        ServerCertificate(str(file), str(pair))


@pytest.mark.parametrize(("make", "told"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_badKey(make: Callable[[Path], bytes], told: str, pair: Path, tmp_path: Path) -> None:
    """The file is named, and each mistake has a sentence of its own; no secret is told."""
    file = tmp_path / "key.pem"
    file.write_bytes(make(pair))
    with pytest.raises(ValueError, match=rf"key\.pem.*{told}") as raised:
        ServerCertificate(str(pair), str(file))
    assert "PRIVATE" not in str(raised.value)


def test_wrongOrder(pair: Path, other: Path, tmp_path: Path) -> None:
    """A chain with the gateway's own certificate not in front is told apart from a wrong key."""
    file = tmp_path / "chain.pem"
    file.write_bytes(parts(other)[0] + parts(pair)[0])
    with pytest.raises(ValueError, match="wrong order"):
        ServerCertificate(str(file), str(pair))


@pytest.mark.parametrize(("days", "warnings"), [(30, 0), (-0.5, 1)])
def test_expired(days: float, warnings: int, tmp_path: Path) -> None:
    """One that has ended can be used, and the log warns of it: some clients do not look."""
    file = selfSigned(tmp_path, days=days)
    file.chmod(0o600)
    certificate = ServerCertificate(str(file), str(file))
    assert len(certificate.warnings) == warnings
    assert all("ended on 20" in each for each in certificate.warnings)


def test_openKey(tmp_path: Path) -> None:
    """A private key that everybody may read is warned of."""
    file = selfSigned(tmp_path)
    file.chmod(0o644)
    [warning] = ServerCertificate(str(file), str(file)).warnings
    assert warning == f"everybody here may read the private key in {file}; chmod o-r {file}"


@pytest.mark.parametrize("which", ["certificate", "key"])
def test_noName(which: str, pair: Path) -> None:
    """An empty name is no directory, though Python takes it for the current one."""
    words = {"certificate": str(pair), "key": str(pair), which: ""}
    with pytest.raises(ValueError, match="the name of a PEM file is missing"):
        ServerCertificate(**words)


@pytest.mark.parametrize("which", ["certificate", "key"])
def test_archive(which: str, pair: Path, tmp_path: Path) -> None:
    """A PKCS 12 archive, as Windows exports it, is told with the command that opens it."""
    chain, key = parts(pair)
    archive = pkcs12.serialize_key_and_certificates(
        b"gateway",
        serialization.load_pem_private_key(key, None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate(chain),
        None,
        serialization.NoEncryption(),
    )
    file = tmp_path / "gateway.p12"
    file.write_bytes(archive)
    words = {"certificate": str(pair), "key": str(pair), which: str(file)}
    with pytest.raises(ValueError, match=r"gateway\.p12 .*PKCS 12; openssl pkcs12 -nodes"):
        ServerCertificate(**words)


@pytest.mark.parametrize("which", ["certificate", "key"])
@pytest.mark.parametrize("kind", ["missing", "directory"])
def test_noFile(which: str, kind: str, pair: Path, tmp_path: Path) -> None:
    """What cannot be read is named, with the system's reason."""
    file = tmp_path / "here.pem"
    if kind == "directory":
        file.mkdir()
    words = {"certificate": str(pair), "key": str(pair), which: str(file)}
    reason = {"missing": "No such file", "directory": "Is a directory"}[kind]
    with pytest.raises(ValueError, match=rf"here\.pem: {reason}"):
        ServerCertificate(**words)


@pytest.mark.parametrize("name", ["OpenSSL", "twisted.internet.ssl"])
def test_withoutOpenSSL(name: str, pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyOpenSSL the error says what to install."""
    real = builtins.__import__

    def refusing(module: str, *more: Any, **named: Any) -> Any:
        if module == name:
            raise ImportError(name)
        return real(module, *more, **named)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(ValueError, match=r"pip install 'jetdirect\[tls\]'"):
        ServerCertificate(str(pair), str(pair))


# Renewal


def test_reload(pair: Path, other: Path, tmp_path: Path) -> None:
    """What the files hold now is shown to the next client."""
    file = tmp_path / "pair.pem"
    shutil.copy(pair, file)
    certificate = ServerCertificate(str(file), str(file))
    shutil.copy(other, file)
    assert served(certificate)[0] == shown(pair)
    certificate.reload()
    assert served(certificate)[0] == shown(other)


@pytest.mark.parametrize("bad", ["missing", "words", "another's key"])
def test_badRenewal(bad: str, pair: Path, other: Path, tmp_path: Path) -> None:
    """A renewal that fails leaves the old certificate in use; the next one may succeed."""
    file = tmp_path / "pair.pem"
    shutil.copy(pair, file)
    certificate = ServerCertificate(str(file), str(file))
    before = certificate.options
    if bad == "missing":
        file.unlink()
    elif bad == "words":
        file.write_text("half a certificate\n")
    else:
        file.write_bytes(parts(other)[0] + parts(pair)[1])
    with pytest.raises(ValueError, match=r"pair\.pem"):
        certificate.reload()
    assert certificate.options is before
    assert served(certificate)[0] == shown(pair)
    shutil.copy(other, file)
    certificate.reload()
    assert served(certificate)[0] == shown(other)


# Versions


def test_version(pair: Path) -> None:
    """TLS 1.2, also with a client that would take 1.3."""
    assert served(ServerCertificate(str(pair), str(pair)))[1] == "TLSv1.2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_3"])
def test_otherVersions(version: str, pair: Path) -> None:
    """Nothing older, and 1.3 alone not either."""
    only = getattr(ssl.TLSVersion, version)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served(ServerCertificate(str(pair), str(pair)), maximum_version=only, minimum_version=only)


def test_tooOld(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cryptography that is too old, as Debian 12's, is said, and how to get a newer one."""
    monkeypatch.setattr(x509, "Certificate", object)
    with pytest.raises(ValueError, match=r"cryptography 42 .* pip install 'jetdirect\[tls\]'"):
        ServerCertificate(str(pair), str(pair))
