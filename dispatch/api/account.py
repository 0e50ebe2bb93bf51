"""Routes by which a person changes how they log in: another password, one-time codes on and off."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request

from dispatch.api.access import door_of, requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.api.session import Code, Secret
from dispatch.people.codes import link_of
from dispatch.people.door import Caller

Own = Annotated[Caller, requires(None)]


class Proof(Model):
    """The password that one has."""

    password: Secret


class ProofWithCode(Proof):
    """The password that one has, and a one-time code."""

    code: Code


class NewPassword(Proof):
    """Another password; the one-time code where one has them."""

    new_password: Secret
    code: Code | None = None


class FirstCode(Model):
    """A code of the secret that was offered."""

    code: Code


class Codes(Model):
    """The secret for an authenticator app, in base32 and as a link that it opens. It is told here and nowhere else."""

    secret: str
    link: str


router = APIRouter(
    prefix="/api/session", tags=["session"], responses={k: ANSWERS[k] for k in (400, 401, 403, 429, 503)}
)


@router.put("/password", status_code=204)
async def change_password(asked: NewPassword, caller: Own, request: Request) -> None:
    """Change one's own password; one's other sessions end."""
    await door_of(request).change_password(caller, asked.password, asked.code, asked.new_password)


@router.post("/codes", status_code=201)
async def offer_codes(asked: Proof, caller: Own, request: Request) -> Codes:
    """A secret for one-time codes of one's own, which are asked for once a first one was given."""
    secret = await door_of(request).offer_codes(caller, asked.password)
    return Codes(secret=secret, link=link_of(secret, caller.name))


@router.put("/codes", status_code=204)
async def confirm_codes(asked: FirstCode, caller: Own, request: Request) -> None:
    """Turn one-time codes on, by a first one."""
    await door_of(request).confirm_codes(caller, asked.code)


@router.post("/codes/end", status_code=204)
async def end_codes(asked: ProofWithCode, caller: Own, request: Request) -> None:
    """Turn one-time codes off, by a last one."""
    await door_of(request).end_codes(caller, asked.password, asked.code)
