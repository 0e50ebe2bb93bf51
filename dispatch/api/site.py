"""Routes about the site: its key, its addresses, whether residents may see its page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from acoustic.errors import InputError, ResourceError
from dispatch.api.access import requires
from dispatch.api.models import Globe, Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.journal import add_entry
from dispatch.town.addresses import Address, write_addresses
from dispatch.town.files import read_addresses
from recordings.decisions import ConflictError

KIND = "addresses"  # of a journal's line
LARGEST_FILE = 256 << 20
MOST_ADDRESSES = 5_000_000
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
FileName = Annotated[str, Query(pattern=r"^[^/\\\x00]{1,120}$", description="the file's name, which tells its kind")]
Latitude = Annotated[float, Query(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Query(ge=-180.0, le=180.0)]


class KeptAddresses(Model):
    """How many there are, whose, and since when."""

    count: int
    attribution: str
    imported_ms: int


class Site(Model):
    """`key`: what evidence is signed with (base64); `public`: residents may see their page here."""

    name: str
    origin: Globe | None
    timezone: str
    key: str
    public: bool
    addresses: KeptAddresses | None


class Near(Model):
    """The address nearest to a place, as it is told; empty where there is none near."""

    sentence: str


def site_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api/site", tags=["site"], responses={k: ANSWERS[k] for k in (401, 403, 503)})
    importing = asyncio.Lock()

    @router.get("")
    async def site(_caller: Administers) -> Site:
        """What the site is called, where it is, and what it has."""
        settings, origin = centre.settings, centre.frame.origin
        about = await asyncio.to_thread(centre.addresses.about)
        return Site(
            name=settings.name,
            origin=None if origin is None else Globe(lat=origin.lat, lon=origin.lon),
            timezone=settings.timezone,
            key=centre.authority.order_public_key,
            public=settings.public,
            addresses=None
            if about is None
            else KeptAddresses(count=about.count, attribution=about.attribution, imported_ms=about.imported_ms),
        )

    @router.get("/address")
    async def address(_caller: Administers, lat: Latitude, lon: Longitude) -> Near:
        """Try the addresses at a place."""
        return Near(sentence=await asyncio.to_thread(centre.addresses.words, lat, lon))

    @router.put("/addresses", responses={k: ANSWERS[k] for k in (400, 409)})
    async def addresses(request: Request, caller: Administers, name: FileName) -> Site:
        """Import a file, which is the body, in place of the addresses that are there; those stay where it is bad."""
        if importing.locked():
            raise ConflictError("another file is being imported; wait for it")
        async with importing:
            with _folder(Path(centre.settings.data)) as folder:
                path = Path(folder) / name
                await keep_body(request.stream(), path)
                attribution, count = await asyncio.to_thread(import_file, path, Path(centre.settings.data))
        told = {"imported": count, "attribution": attribution, "by": caller.name}
        now_ms = centre.now_ms
        await centre.store.write(lambda connection: add_entry(connection, KIND, name, told, now_ms))
        return await site(caller)

    return router


def _folder(data: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="addresses-", dir=data)
    except OSError as error:
        raise ResourceError(f"{data} cannot be written: {error.strerror}") from error


async def keep_body(body: AsyncIterator[bytes], path: Path) -> None:
    """A body as a file. Raises InputError where it is too long or breaks off, ResourceError."""
    size = 0
    try:
        with path.open("wb") as file:
            async for part in body:
                size += len(part)
                if size > LARGEST_FILE:
                    raise InputError(f"{path.name} has more than {LARGEST_FILE >> 20} MB; use tocsin addresses import")
                await asyncio.to_thread(file.write, part)
    except ClientDisconnect as error:
        raise InputError(f"{path.name} broke off after {size} bytes; send it again") from error
    except OSError as error:
        raise ResourceError(f"{path.name} cannot be kept: {error.strerror}") from error


def import_file(path: Path, data: Path) -> tuple[str, int]:
    """Take in a file: whose data it is, and how many addresses. Raises InputError, ResourceError."""
    attribution, found = read_addresses(path)
    return attribution, write_addresses(data, _bounded(path.name, found), attribution)


def _bounded(name: str, found: Iterator[Address]) -> Iterator[Address]:
    """A packed file of little may hold much. Raises InputError."""
    empty = True
    for number, one in enumerate(found):
        empty = False
        if number == MOST_ADDRESSES:
            raise InputError(f"{name} has more than {MOST_ADDRESSES} addresses; use tocsin addresses import")
        yield one
    if empty:
        raise InputError(f"{name} has no address; expected one or more")
