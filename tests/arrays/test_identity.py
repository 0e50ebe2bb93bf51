"""A node's key: made once, for its owner only."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from acoustic.errors import InputError, ResourceError
from arrays.identity import certificate_request, open_identity


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "node.key"
    first = open_identity(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public(open_identity(path)) == public(first)
    assert [p.name for p in path.parent.iterdir()] == ["node.key"]


def test_two_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: public(open_identity(tmp_path / "node.key")), range(8)))
    assert len(set(keys)) == 1


def test_a_key_file_that_is_no_key_is_refused_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    path.write_bytes(b"not a key")
    path.chmod(0o600)
    with pytest.raises(InputError, match=r"node\.key is damaged"):
        open_identity(path)
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="another kind of key; expected Ed25519"):
        open_identity(path)


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    open_identity(path)
    path.chmod(0o644)
    with pytest.raises(InputError, match="open to other users; expected mode 0600"):
        open_identity(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be read or made"):
        open_identity(tmp_path / "file" / "node.key")


def test_a_request_is_for_the_node_and_signed_by_its_key(tmp_path: Path) -> None:
    key = open_identity(tmp_path / "node.key")
    request = x509.load_pem_x509_csr(certificate_request(key, "roof-1").encode())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=roof-1"
    asked = request.public_key()
    assert asked == key.public_key()
