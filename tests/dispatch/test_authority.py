"""The centre's own authority: a node that trusts it, and only it, reaches the centre."""

from __future__ import annotations

import datetime as dt
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.verification import PolicyBuilder, Store

from acoustic.errors import InputError, ResourceError
from dispatch.trust.authority import open_authority
from dispatch.trust.certificates import certified_node


def after(days: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=days)


def verify(data: Path, ca_pem: bytes, name: str) -> None:
    leaf = x509.load_pem_x509_certificate((data / "keys" / "server.pem").read_bytes())
    store = Store(x509.load_pem_x509_certificates(ca_pem))
    PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name)).verify(leaf, [])


def test_the_server_certificate_passes_an_independent_verifier(tmp_path: Path) -> None:
    opened = open_authority(tmp_path, ["centre.example"])
    verify(tmp_path, opened.ca_pem, "centre.example")
    verify(tmp_path, opened.ca_pem, "localhost")
    with pytest.raises(x509.verification.VerificationError):
        verify(tmp_path, opened.ca_pem, "elsewhere.example")


def test_private_keys_are_the_owners_alone(tmp_path: Path) -> None:
    open_authority(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert {"ca.key", "ca.pem", "server.key", "server.pem", "orders.key"} == set(modes)
    assert set(modes.values()) == {0o600}


def test_the_authority_stays_the_same_and_another_centre_has_another(tmp_path: Path) -> None:
    first, again = open_authority(tmp_path / "a"), open_authority(tmp_path / "a")
    other = open_authority(tmp_path / "b")
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.order_public_key == again.order_public_key
    assert len(first.fingerprint) == 32
    with pytest.raises(x509.verification.VerificationError):
        verify(tmp_path / "a", other.ca_pem, "localhost")


def test_a_new_name_or_a_near_end_makes_a_new_server_certificate(tmp_path: Path) -> None:
    ca = open_authority(tmp_path).ca_pem
    before = (tmp_path / "keys" / "server.pem").read_bytes()
    assert open_authority(tmp_path, ["10.1.2.3"]).ca_pem == ca
    named = (tmp_path / "keys" / "server.pem").read_bytes()
    assert named != before
    open_authority(tmp_path, ["10.1.2.3"], after(360))
    assert (tmp_path / "keys" / "server.pem").read_bytes() == named
    assert open_authority(tmp_path, None, after(380)).ca_pem == ca  # a command that only looks renews nothing
    assert (tmp_path / "keys" / "server.pem").read_bytes() == named
    open_authority(tmp_path, ["10.1.2.3"], after(380))
    assert (tmp_path / "keys" / "server.pem").read_bytes() != named


def test_the_authority_is_renewed_under_its_name_and_key_so_that_what_it_signed_stays_good(tmp_path: Path) -> None:
    old = open_authority(tmp_path, ["centre.example"])
    server = (tmp_path / "keys" / "server.pem").read_bytes()
    node = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    certificate = old.certify(node, "roof-1", dt.datetime.now(dt.UTC))
    new = open_authority(tmp_path, ["centre.example"], after(3650 - 700))
    assert new.ca_pem != old.ca_pem
    assert new.fingerprint != old.fingerprint
    ends = x509.load_pem_x509_certificate(new.ca_pem).not_valid_after_utc
    assert ends > after(3650 + 2500)
    for ca in (old.ca_pem, new.ca_pem):  # of a node that was not told yet, and of one that was
        store = Store(x509.load_pem_x509_certificates(ca))
        moment = after(365 - 60) if ca == old.ca_pem else after(3650 - 700)
        leaf = server if ca == old.ca_pem else (tmp_path / "keys" / "server.pem").read_bytes()
        builder = PolicyBuilder().store(store).time(moment)
        builder.build_server_verifier(x509.DNSName("centre.example")).verify(x509.load_pem_x509_certificate(leaf), [])
    x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(x509.load_pem_x509_certificate(new.ca_pem))
    later = (tmp_path / "keys" / "server.pem").read_bytes()
    x509.load_pem_x509_certificate(later).verify_directly_issued_by(x509.load_pem_x509_certificate(old.ca_pem))


def test_a_node_is_certified_as_a_client_of_its_name_for_30_days(tmp_path: Path) -> None:
    opened, now = open_authority(tmp_path), dt.datetime.now(dt.UTC)
    node = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    leaf = x509.load_pem_x509_certificate(opened.certify(node, "roof-1", now))
    assert certified_node(leaf) == "roof-1"
    assert certified_node(x509.load_pem_x509_certificate(opened.server_cert.read_bytes())) == ""
    assert abs(leaf.not_valid_after_utc - now - dt.timedelta(days=30)) < dt.timedelta(hours=2)
    verifier = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(opened.ca_pem))).build_client_verifier()
    subjects = verifier.verify(leaf, []).subjects
    assert [name.value for name in subjects or ()] == ["urn:tocsin:node:roof-1"]


def test_the_server_files_work_in_tls(tmp_path: Path) -> None:
    opened = open_authority(tmp_path)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(opened.server_cert, opened.server_key)


def test_a_damaged_key_is_one_sentence(tmp_path: Path) -> None:
    open_authority(tmp_path)
    (tmp_path / "keys" / "orders.key").write_text("nonsense")
    with pytest.raises(InputError, match="damaged"):
        open_authority(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file, not a folder")
    with pytest.raises(ResourceError, match=r"keys .* cannot be read or written"):
        open_authority(tmp_path)
