"""Log-in by the operator's identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

The provider says who somebody is. Who may what stays with `register`: only a person that was added by name comes in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jwt
import msgspec

from acoustic.errors import InputError
from dispatch.alerts.target import trusting
from dispatch.people.errors import StrangerError
from dispatch.people.login import Login, check_address
from dispatch.people.tokens import new_secret

# Signed by the provider's private key: what a shared secret or nobody signed does not count (RFC 8725, section 3.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_S = 60.0
TIMEOUT_S = 10.0


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """What a browser brings back from the provider: that the answer is to this question, and nobody else's."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider. What it cannot say, or says wrongly, raises StrangerError."""

    def __init__(self, login: Login) -> None:
        self.login = login

    async def question(self, back: str) -> tuple[str, Pending]:
        """Where to send a browser to log in, from which it comes `back` to that address, and what it is to bring."""
        pending = Pending(state=new_secret(), nonce=new_secret(), verifier=new_secret())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "scope": "openid profile email",
            "client_id": self.login.client,
            "redirect_uri": back,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        async with self._client() as client:
            address = (await self._described(client))["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", pending

    async def name(self, pending: Pending, code: str, back: str) -> str:
        """The name of who logged in there."""
        proof = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        async with self._client() as client:
            described = await self._described(client)
            shown = (quote(self.login.client, safe=""), quote(self.login.secret, safe=""))  # RFC 6749, section 2.3.1
            form = {**proof, "code_verifier": pending.verifier}
            token = await self._asked(client.post(described["token_endpoint"], data=form, auth=shown))
            keys = await self._asked(client.get(described["jwks_uri"]))
        return name_in(str(token.get("id_token", "")), keys, self.login, pending.nonce)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=TIMEOUT_S, verify=trusting(self.login.ca))

    async def _described(self, client: httpx.AsyncClient) -> dict[str, str]:
        """The addresses that it names (OpenID Connect Discovery 1.0)."""
        issuer = self.login.issuer.rstrip("/")
        said = await self._asked(client.get(f"{issuer}/.well-known/openid-configuration"))
        if said.get("issuer") != self.login.issuer:
            raise StrangerError(f"the identity provider calls itself {said.get('issuer')!r}; expected {issuer!r}")
        try:
            named = {key: str(said[key]) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            for key, address in named.items():
                check_address(key, address)
        except (KeyError, InputError) as error:
            raise StrangerError(f"the identity provider describes itself wrongly: {error}") from error
        return named

    async def _asked(self, request: Any) -> dict[str, Any]:
        try:
            answer: httpx.Response = await request
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise StrangerError(f"the identity provider does not answer as expected: {error}") from error


def name_in(token: str, keys: Mapping[str, Any], login: Login, nonce: str) -> str:
    """The name in an ID token (OpenID Connect Core, section 3.1.3.7) that one of the provider's `keys` (JWKS) signed.

    Raises StrangerError where it is not the provider's, for this centre, in time, and the answer to this question.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next(k for k in jwt.PyJWKSet.from_dict(dict(keys)).keys if kid is None or k.key_id == kid)
        said = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=login.client,
            issuer=login.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, StopIteration) as error:
        raise StrangerError(f"the identity provider's word cannot be believed: {error or 'no such key'}") from error
    if said.get("nonce") != nonce or said.get("azp", login.client) != login.client:
        raise StrangerError("the identity provider answers another question than was asked")
    name = said.get(login.claim)
    if not isinstance(name, str) or (login.claim == "email" and said.get("email_verified") is not True):
        raise StrangerError(f"the identity provider vouches for no {login.claim}")
    return name
