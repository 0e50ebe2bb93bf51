"""Addresses: read from both layouts, found by place, and always told as what they are."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from acoustic.errors import InputError, ResourceError
from dispatch.api import site
from dispatch.commands.addresses import main
from dispatch.town.addresses import FARTHEST_M, Address, Addresses, write_addresses
from dispatch.town.files import BAN, LONGEST_LINE, OSM, read_addresses

# The columns of the BAN's files as published, made-up rows.
HEADER = (
    "id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;"
    "nom_ancienne_commune;x;y;lon;lat;type_position;alias;nom_ld;libelle_acheminement;nom_afnor;source_position;"
    "source_nom_voie;certification_commune;cad_parcelles"
)
LILAS = "33318_0001_00003;33318_0001;3;;Rue des Lilas;33600;33318;Pessac;;;0;0;-0.5793;44.8401;entrée;;;PESSAC;;;;1;"
LILAS_BIS = "33318_0001_00003_b;;3;bis;Rue des Lilas;33600;33318;Pessac;;;0;0;-0.5790;44.8401;entrée;;;PESSAC;;;;1;"
NOWHERE = "33318_0001_00005;;5;;Rue des Lilas;33600;33318;Pessac;;;;;;;;;;PESSAC;;;;0;"


def ban(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "adresses-33.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def osm(geometry: Any, **properties: str) -> dict[str, Any]:
    tags = {f"addr:{name}": value for name, value in properties.items()}
    return {"type": "Feature", "geometry": geometry, "properties": tags}


POINT = osm(
    {"type": "Point", "coordinates": [-0.5793, 44.8401]}, housenumber="3", street="Rue des Lilas", city="Pessac"
)
HOUSE = osm(
    {"type": "Polygon", "coordinates": [[[-0.58, 44.84], [-0.578, 44.84], [-0.578, 44.842], [-0.58, 44.84]]]},
    housenumber="5",
    street="Rue des Lilas",
)
STREET = osm({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, street="Rue des Lilas")


def test_the_ban_is_read_and_what_has_no_place_left_out(tmp_path: Path) -> None:
    attribution, addresses = read_addresses(ban(tmp_path, LILAS, NOWHERE, LILAS_BIS))
    assert attribution == BAN
    assert list(addresses) == [
        Address(words="3 Rue des Lilas, 33600 Pessac", lat=44.8401, lon=-0.5793),
        Address(words="3 bis Rue des Lilas, 33600 Pessac", lat=44.8401, lon=-0.5790),
    ]


def test_openstreetmap_is_read_from_both_layouts_packed_or_not(tmp_path: Path) -> None:
    expected = [("3 Rue des Lilas, Pessac", 44.8401, -0.5793), ("5 Rue des Lilas", 44.84067, -0.57867)]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [POINT, HOUSE, STREET]}))
    lines = "".join(f"\x1e{json.dumps(one)}\n" for one in (POINT, HOUSE, STREET)).encode()
    (tmp_path / "a.geojsonseq").write_bytes(lines)
    (tmp_path / "a.geojsonl.gz").write_bytes(gzip.compress(lines))
    for name in ("a.geojson", "a.geojsonseq", "a.geojsonl.gz"):
        attribution, addresses = read_addresses(tmp_path / name)
        assert attribution == OSM
        assert [(a.words, round(a.lat, 5), round(a.lon, 5)) for a in addresses] == expected


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "numero,nom_voie", "has no column 'numero'; expected, separated by semicolons"),
        ("a.csv", HEADER + "\n1;2", "line 2 has 2 fields; expected 23"),
        ("a.csv", HEADER + "\n" + LILAS.replace("44.8401", "144.8"), "line 2 has lon '-0.5793' and lat '144.8'"),
        ("a.csv", HEADER + "\n" + LILAS.replace("44.8401", "nan"), "line 2 has lon"),
        ("a.geojson", "[]", "is no GeoJSON FeatureCollection"),
        (
            "a.geojson",
            json.dumps({"features": [{**POINT, "geometry": {"type": "Point", "coordinates": []}}]}),
            "no pos",
        ),
        ("a.geojsonl", "{}\n{", "line 2 is no GeoJSON feature"),
        ("a.geojsonl", "{}\n" + " " * LONGEST_LINE, "line 2 has 1048576 characters or more"),
        ("a.csv", HEADER + "\n" + "1" * 200_000, "is no CSV: field larger than field limit"),
        ("a.csv", HEADER + "\n" + ";" * LONGEST_LINE, "line 2 has 1048576 characters or more"),
        ("a.shp", "", "expected .csv"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_loses_nothing(
    tmp_path: Path, name: str, content: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(tmp_path / "data")
    assert main(["import", str(ban(tmp_path, LILAS)), "--data", data]) == 0
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=words):
        main(["import", str(tmp_path / name), "--data", data])
    capsys.readouterr()
    assert main(["nearest", "44.8402", "-0.5793", "--data", data]) == 0
    told = f"nearest address, not the fix: 3 Rue des Lilas, 33600 Pessac, 11 m away ({BAN})\n"
    assert capsys.readouterr().out == told
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["addresses.db"]


def test_a_file_that_is_broken_off_or_absent_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(HEADER.encode() * 50)[:-20])
    (tmp_path / "b.csv.gz").write_bytes(b"no gzip")
    for name in ("a.csv.gz", "b.csv.gz"):
        with pytest.raises(InputError, match=rf"{name} is no whole gzip file"):
            main(["import", str(tmp_path / name), "--data", str(tmp_path)])
    with pytest.raises(ResourceError, match=r"absent\.csv cannot be read"):
        main(["import", str(tmp_path / "absent.csv"), "--data", str(tmp_path)])
    (tmp_path / "a.csv").write_bytes(HEADER.encode() + b"\n\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        main(["import", str(tmp_path / "a.csv"), "--data", str(tmp_path)])


PLACES = st.tuples(st.floats(-0.004, 0.004), st.floats(-0.004, 0.004))


@settings(max_examples=40, deadline=None)
@given(st.lists(PLACES, max_size=30), PLACES, st.sampled_from([(44.84, -0.58), (-33.9, 151.2), (69.6, 179.999)]))
def test_the_nearest_is_the_nearest(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[tuple[float, float]], at: tuple[float, float], site: Any
) -> None:
    folder = tmp_path_factory.mktemp("near")
    there = [(site[0] + a, min(site[1] + b, 180.0)) for a, b in offsets]
    write_addresses(folder, [Address(words=str(n), lat=la, lon=lo) for n, (la, lo) in enumerate(there)], BAN)
    lat, lon = site[0] + at[0], min(site[1] + at[1], 180.0)
    geod = Geod(ellps="WGS84")
    metres = min((geod.inv(lon, lat, lo, la)[2] for la, lo in there), default=math.inf)
    near = Addresses(folder).nearest(lat, lon)
    if near is not None:
        assert near.distance_m == pytest.approx(metres, rel=0.01, abs=0.1)
    else:
        assert metres > FARTHEST_M * 0.99


def test_without_addresses_nothing_is_told(tmp_path: Path) -> None:
    assert Addresses(tmp_path).words(44.84, -0.58) == ""
    assert Addresses(tmp_path).words(None, None) == ""


def test_a_damaged_file_costs_the_address_and_not_the_alert(tmp_path: Path) -> None:
    (tmp_path / "addresses.db").write_bytes(b"no database" * 100)
    assert Addresses(tmp_path).words(44.84, -0.58) == ""


def test_what_is_imported_meanwhile_is_found_and_the_file_is_the_owners(tmp_path: Path) -> None:
    addresses = Addresses(tmp_path)
    for number in ("3", "4"):
        write_addresses(tmp_path, [Address(words=number, lat=44.84, lon=-0.58)], OSM)
        assert addresses.words(44.84, -0.58) == f"nearest address, not the fix: {number}, 0 m away ({OSM})"
    assert (tmp_path / "addresses.db").stat().st_mode & 0o777 == 0o600


def test_a_file_of_addresses_is_bounded_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "LARGEST_FILE", 3 << 20)
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1 << 20)

    with pytest.raises(InputError, match=r"long\.csv has more than 3 MB"):
        asyncio.run(site.keep_body(body(), tmp_path / "long.csv"))
    assert taken == 4
    monkeypatch.setattr(site, "MOST_ADDRESSES", 1)
    with pytest.raises(InputError, match="has more than 1 addresses; use tocsin addresses import"):
        site.import_file(ban(tmp_path, LILAS, LILAS_BIS), tmp_path)
    with pytest.raises(InputError, match="has no address; expected one or more"):
        site.import_file(ban(tmp_path), tmp_path)
    assert not (tmp_path / "addresses.db").exists()
