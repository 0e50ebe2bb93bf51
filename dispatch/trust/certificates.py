"""X.509 certificates: of the authority itself, of the server, of nodes. Bytes and keys in, certificates out."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acoustic.errors import InputError

CA_DAYS, SERVER_DAYS, NODE_DAYS = 3650, 397, 30
BEHIND = dt.timedelta(hours=1)  # a node's clock may be a little behind
NODE_URN = "urn:tocsin:node:"
Extensions = list[tuple[x509.ExtensionType, bool]]


def ca_certificate(key: ec.EllipticCurvePrivateKey, now: dt.datetime, before: x509.Certificate | None) -> bytes:
    """The authority's own certificate, PEM; under the name of the one `before`, where it takes its place."""
    name = before.subject if before else _name(f"Tocsin centre {os.urandom(4).hex()}")
    extensions: Extensions = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return _signed(name, name, key.public_key(), now, CA_DAYS, extensions, key)


def server_certificate(
    key: ec.EllipticCurvePublicKey,
    names: Iterable[str],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> bytes:
    """The server's certificate, PEM, for these host names and addresses."""
    extensions: Extensions = [
        *_leaf(key, ca, ExtendedKeyUsageOID.SERVER_AUTH),
        (x509.SubjectAlternativeName([_general_name(text) for text in sorted(names)]), False),
    ]
    return _signed(_name("Tocsin centre"), ca.subject, key, now, SERVER_DAYS, extensions, ca_key)


def node_certificate(
    key: ed25519.Ed25519PublicKey,
    node: str,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> bytes:
    """A node's client certificate, PEM: this key is the node of this id, for 30 days."""
    extensions: Extensions = [
        *_leaf(key, ca, ExtendedKeyUsageOID.CLIENT_AUTH),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(NODE_URN + node)]), False),
    ]
    return _signed(_name(node), ca.subject, key, now, NODE_DAYS, extensions, ca_key)


def requested_key(request_pem: str) -> ed25519.Ed25519PublicKey:
    """The key that a certificate request is for, which signed it. Raises InputError."""
    try:
        request = x509.load_pem_x509_csr(request_pem.encode())
        key, proven = request.public_key(), request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError("request is not a certificate request; expected PKCS #10 as PEM") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise InputError("request is for another kind of key; expected Ed25519")
    if not proven:
        raise InputError("request is not signed by the key that it is for")
    return key


def certified_node(certificate: x509.Certificate) -> str:
    """The id of the node whose certificate it is; empty where it is none's."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    urns = names.get_values_for_type(x509.UniformResourceIdentifier)
    return urns[0].removeprefix(NODE_URN) if len(urns) == 1 and urns[0].startswith(NODE_URN) else ""


def private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """A private key as its file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _leaf(
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey, ca: x509.Certificate, use: x509.ObjectIdentifier
) -> Extensions:
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([use]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    now: dt.datetime,
    days: int,
    extensions: Extensions,
    signer: ec.EllipticCurvePrivateKey,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEHIND)
        .not_valid_after(now - BEHIND + dt.timedelta(days=days))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
