"""The centre's own authority: a node that trusts it, and only it, reaches the centre."""

from __future__ import annotations

import datetime as dt
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from acoustic.errors import InputError, ResourceError
from dispatch import authority as room
from dispatch.authority import open_authority


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


def test_a_new_name_or_a_near_end_makes_a_new_server_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = open_authority(tmp_path).ca_pem
    before = (tmp_path / "keys" / "server.pem").read_bytes()
    assert open_authority(tmp_path, ["10.1.2.3"]).ca_pem == ca
    named = (tmp_path / "keys" / "server.pem").read_bytes()
    assert named != before
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=380)
    monkeypatch.setattr(room, "_now", lambda: later)
    open_authority(tmp_path, ["10.1.2.3"])
    assert (tmp_path / "keys" / "server.pem").read_bytes() != named


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
