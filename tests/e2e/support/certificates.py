"""An authority and its certificates, made for one run."""

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates for others than `name`; `ca` is the file of its own."""

    def __init__(self, name: str, ca: Path) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.ca = ca
        usage = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self.name, self.key).add_extension(usage, critical=True)
        ca.write_bytes(self._signed(certificate))

    def issue(self, file: Path, names: Sequence[str] = ()) -> None:
        """Renames `file`.key and then `file`.crt into place, as an operator does who renews them."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file.name)])
        certificate = self._builder(subject, key)
        # Envoy takes a certificate of a client or a server for what it says it is for.
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = certificate.add_extension(usage, critical=False)
        if names:
            certificate = certificate.add_extension(x509.SubjectAlternativeName([general(n) for n in names]), False)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        replace(file.with_suffix(".key"), key.private_bytes(*encoding))
        replace(file.with_suffix(".crt"), self._signed(certificate))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
        return builder.not_valid_before(now - DAY).not_valid_after(now + DAY)

    def _signed(self, certificate: x509.CertificateBuilder) -> bytes:
        return certificate.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def general(name: str) -> x509.GeneralName:
    """A host's name or address as it stands in a certificate."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def replace(file: Path, content: bytes) -> None:
    """Never half written, and noticed by who watches the folder."""
    new = file.with_name(f".new-{file.name}")
    new.write_bytes(content)
    new.rename(file)


def server(file: Path) -> ssl.SSLContext:
    """For a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file.with_suffix(".crt"), file.with_suffix(".key"))
    return context


def client(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    """For a client that trusts this authority only."""
    context = ssl.create_default_context(cafile=str(authority.ca))
    if certificate:
        context.load_cert_chain(certificate.with_suffix(".crt"), certificate.with_suffix(".key"))
    return context
