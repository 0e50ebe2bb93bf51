"""Who is at the other end of a TLS connection: the node whose certificate it came under."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from cryptography import x509
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dispatch.trust.certificates import certified_node


@dataclass(frozen=True, slots=True)
class Peer:
    """A node's id and when its certificate ends, UTC ns; the handshake has checked who signed it."""

    node: str
    until_ns: int


class PeerProtocol(HttpToolsProtocol):
    """HTTP as uvicorn has it; `request.state.peer` is the Peer, None where no certificate was shown."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A handshake is over."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": _peer(transport.get_extra_info("ssl_object"))}


def _peer(connection: ssl.SSLObject | None) -> Peer | None:
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    if not der:
        return None
    certificate = x509.load_der_x509_certificate(der)
    return Peer(certified_node(certificate), round(certificate.not_valid_after_utc.timestamp() * 1e9))
