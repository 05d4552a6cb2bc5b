"""When a customer may be rung, by the clock of the number's own time zone."""

from __future__ import annotations

from datetime import datetime

import pytest

from ivr.domain.calling_hours import may_be_rung_from, read_calling_hours, zones_of
from ivr.domain.zones import load_zone

pytestmark = pytest.mark.unit

HOURS = read_calling_hours("Mon-Fri 08:00-21:00; Sat 09:00-20:00")


def at(text: str, zone: str = "America/New_York") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=load_zone(zone)).timestamp()


@pytest.mark.parametrize(
    ("number", "now", "rung"),
    [
        # The office is in New York; its evening is not late everywhere.
        ("+12125550100", "2027-06-07T20:59", "2027-06-07T20:59"),
        ("+12125550100", "2027-06-07T21:00", "2027-06-08T08:00"),
        ("+13105550100", "2027-06-07T21:00", "2027-06-07T21:00"),
        ("+13105550100", "2027-06-07T08:00", "2027-06-07T11:00"),
        ("+442079460000", "2027-06-07T16:30", "2027-06-08T03:00"),
        ("+12125550100", "2027-06-12T20:30", "2027-06-14T08:00"),
        # Spring comes three weeks later to London.
        ("+442079460000", "2027-03-15T04:30", "2027-03-15T04:30"),
        ("+442079460000", "2027-03-15T03:30", "2027-03-15T04:00"),
        ("+12125550100", "2027-03-13T22:00", "2027-03-15T08:00"),
    ],
)
def test_the_customers_clock_decides(number: str, now: str, rung: str) -> None:
    assert may_be_rung_from(at(now), HOURS, zones_of(number)) == at(rung)


def test_a_number_of_many_zones_is_rung_when_it_suits_all_of_them() -> None:
    toll_free = zones_of("+18005550100")
    assert len(toll_free) > 5
    rung = may_be_rung_from(at("2027-06-07T08:30"), HOURS, toll_free)
    assert rung > at("2027-06-07T12:00")
    assert all(may_be_rung_from(rung, HOURS, [zone]) == rung for zone in toll_free)


def test_where_no_hour_suits_all_any_of_them_will_do() -> None:
    noon = read_calling_hours("Mon-Sun 12:00-13:00")
    zones = [load_zone("Asia/Tokyo"), load_zone("America/New_York")]
    assert may_be_rung_from(at("2027-06-07T20:00"), noon, zones) == at("2027-06-07T23:00")
    assert may_be_rung_from(at("2027-06-07T12:30"), noon, zones) == at("2027-06-07T12:30")


def test_without_hours_or_zones_at_any_time() -> None:
    assert may_be_rung_from(5.0, (), zones_of("+12125550100")) == 5.0
    assert may_be_rung_from(5.0, HOURS, zones_of("+80012345678")) == 5.0
    assert zones_of("nonsense") == ()


def test_a_number_whose_place_is_not_known_has_the_zones_of_its_country() -> None:
    assert load_zone("Europe/London") in zones_of("+447700900123")


@pytest.mark.parametrize("text", ["08:00-21:00", "Mon-Fri", "Mon-Fri 8-21", "Mon-Fri 08:00-21:00, Sat 09:00-20:00"])
def test_hours_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        read_calling_hours(text)
