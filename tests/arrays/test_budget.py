"""A link that is paid by the byte: health within the budget, arrivals before it, and a debt that ends."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from acoustic.errors import InputError
from arrays.outbox import ARRIVALS, HEALTH, Bounds, Outbox
from arrays.parcel import Answers, Outcome, digest, unpack
from arrays.settings import read_settings
from arrays.uplink import TakeOrders
from arrays.uplink.budget import Budget, health_interval_s
from arrays.uplink.courier import Courier


class Clock:
    """Seconds, as they are set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_health_stays_within_the_budget_and_arrivals_may_owe_one_hour_s_worth() -> None:
    clock = Clock()
    budget = Budget(36_000.0, clock)  # 10 bytes a second
    assert budget.allows_health()
    budget.spend(100)
    assert (budget.allows_health(), budget.allows_arrivals()) == (False, True)
    clock.now_s = 10.0
    assert budget.allows_health()
    budget.spend(36_000)
    assert not budget.allows_arrivals()
    assert budget.problem == "the link's 36000 bytes an hour are used up"
    clock.now_s += 1.0
    assert budget.allows_arrivals()
    assert budget.problem == ""


def test_no_more_than_an_hour_s_worth_is_saved_up() -> None:
    clock = Clock()
    budget = Budget(36_000.0, clock)
    clock.now_s = 1e6
    budget.spend(36_001)
    assert not budget.allows_health()


def test_over_a_day_no_more_goes_than_was_paid_for_whatever_the_street_does() -> None:
    clock = Clock()
    budget = Budget(36_000.0, clock)
    sent = 0
    for _ in range(24 * 3600):
        clock.now_s += 1.0
        while budget.allows_arrivals():
            budget.spend(700)
            sent += 700
    assert sent <= 25 * 36_000 + 36_000 + 700
    assert sent > 24 * 36_000


def test_without_a_budget_everything_goes() -> None:
    budget = Budget(0.0)
    budget.spend(10**12)
    assert budget.allows_health()
    assert budget.allows_arrivals()


@pytest.mark.parametrize(
    ("wanted_s", "bytes_per_hour", "expected_s"),
    [(3.0, 0.0, 3.0), (3.0, 1e9, 10.0), (30.0, 1e9, 30.0), (3.0, 100_000.0, (220 + 500) * 3600 / 50_000)],
)
def test_health_is_thinned_on_a_metered_link(wanted_s: float, bytes_per_hour: float, expected_s: float) -> None:
    assert health_interval_s(wanted_s, bytes_per_hour, 500) == pytest.approx(expected_s, abs=0.06)


class Line:
    """A way that takes everything and counts it."""

    lanes, exchange_bytes = 1, 500

    def __init__(self) -> None:
        self.parcels: list[bytes] = []

    def send(self, parcel: bytes) -> Answers:
        self.parcels.append(parcel)
        return Answers(about=digest(parcel), outcomes=[Outcome(200) for _ in unpack(parcel)])

    def listen(self, take: TakeOrders) -> None:
        pass

    def close(self) -> None:
        pass


def test_the_courier_sends_alerts_first_and_health_once_there_is_budget(tmp_path: Path) -> None:
    clock, line = Clock(), Line()
    budget = Budget(36_000.0, clock)
    outbox = Outbox(tmp_path / "outbox.db", Bounds(newest_health_only=True))
    courier = Courier(outbox, line, lambda _: None, budget=budget)
    count = itertools.count()

    def report(_sequence: int) -> bytes:
        return f"report {next(count)}".encode()

    for kind in (HEALTH, ARRIVALS, HEALTH):
        outbox.add(kind, report)
    assert [courier._next()[0] for _ in range(3)] == [True, False, False]
    assert [unpack(parcel) for parcel in line.parcels] == [[b"report 1"]]
    clock.now_s = 60.0
    assert courier._next()[0]
    assert unpack(line.parcels[-1]) == [b"report 2"]
    budget.spend(80_000)
    outbox.add(ARRIVALS, report)
    assert not courier._next()[0]
    assert outbox.waiting() == 1
    outbox.close()


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ('url = "http://a"', "link: url is 'http://a'; expected one of nats, nats\\+tls, mqtt, mqtts, then ://HOST"),
        ('url = "mqtt://a:x"', "link: url is 'mqtt://a:x'"),
        ('url = "mqtt://a"\nca_file = "ca.pem"', "link: url is 'mqtt://a', which is not encrypted"),
        ('url = "mqtts://a"\nkey_file = "k"', "link: certificate_file and key_file belong together"),
        ('user = "roof-1"', "link: url is absent; expected a broker's"),
        ("bytes_per_hour = 5.0", "link: bytes_per_hour is 5.0; expected a number from 10000"),
        ("speed = 1", "there is an unknown field speed"),
    ],
)
def test_bad_link_settings_are_one_sentence(tmp_path: Path, link: str, sentence: str) -> None:
    path = tmp_path / "node.toml"
    path.write_text(f'node = "a"\n[source]\nkind = "session"\nfolder = "x"\n[link]\n{link}\n')
    with pytest.raises(InputError, match=sentence) as refused:
        read_settings(path)
    assert "\n" not in str(refused.value)


def test_files_of_a_link_are_beside_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    link = '[link]\nurl = "mqtts://a"\nca_file = "ca.pem"\npassword_file = "/etc/password"\n'
    path.write_text(f'node = "a"\n[source]\nkind = "session"\nfolder = "x"\n{link}')
    read = read_settings(path).link
    assert (read.ca_file, read.password_file) == (str(tmp_path / "ca.pem"), "/etc/password")
    assert (read.address, read.speaks_nats) == (("a", 8883), False)
