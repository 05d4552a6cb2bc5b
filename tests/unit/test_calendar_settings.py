"""Office hours, capacities and patterns in the settings file: what they mean, and what is said of mistakes."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from ivr.domain.zones import load_zone
from ivr.service.builtins import Builtins
from ivr.service.errors import InvalidParameter
from ivr.service.options import service_options
from ivr.settings import SettingsRefused, load_settings

pytestmark = pytest.mark.unit

BASE = """\
[asterisk]
ari_user = "ivr"
ari_password = "ari secret"
ami_user = "ivr"
ami_password = "ami secret"

[http]
api_key = "0123456789abcdef"

[service.support]
_type = "ors"
"""
OFFICE = """\
_business_hours_service = "office"

[service.office]
_type = "office-hours"
_timezone = "America/New_York"
_bh_regular1 = "Mon-Fri 09:00-17:00"
"""


def loaded(tmp_path: Path, more: str) -> Builtins:
    path = tmp_path / "ivr.toml"
    path.write_text(BASE + more, encoding="utf-8")
    return load_settings(path, {}).builtins


def problems(tmp_path: Path, more: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        loaded(tmp_path, more)
    return [problem.removeprefix(f"{tmp_path / 'ivr.toml'}:") for problem in refused.value.problems]


def at(text: str, zone: str = "America/New_York") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=load_zone(zone)).timestamp())


def open_at(tmp_path: Path, more: str, *times: str) -> list[bool]:
    hours = loaded(tmp_path, OFFICE + more).office_hours["office"]
    return [hours.is_open(at(time)) for time in times]


def test_holidays_of_a_country_close(tmp_path: Path) -> None:
    more = '_national_holidays = "US"\n'
    # Independence Day 2027 is a Sunday, so the Monday is off; Friday of the week before is not.
    assert open_at(tmp_path, more, "2027-07-05T10:00", "2027-07-02T10:00") == [False, True]
    assert open_at(tmp_path, '_national_holidays = "DE-BY"\n', "2027-01-06T10:00", "2027-07-05T10:00") == [
        False,
        True,
    ]


CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
SUMMARY:Inventory
DTSTART;VALUE=DATE:20270607
DTEND;VALUE=DATE:20270609
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Team meeting
DTSTART;TZID=Europe/Berlin:20270609T180000
DURATION:PT1H
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=Europe/Berlin:20270616T180000
END:VEVENT
BEGIN:VEVENT
UID:2
RECURRENCE-ID;TZID=Europe/Berlin:20270623T180000
DTSTART;TZID=Europe/Berlin:20270624T180000
DTEND;TZID=Europe/Berlin:20270624T190000
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Founders' day
DTSTART;VALUE=DATE:20200610
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:4
STATUS:CANCELLED
DTSTART;VALUE=DATE:20270611
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_file_closes(tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_text(CALENDAR.replace("\n", "\r\n"), encoding="utf-8")
    times = {
        "2027-06-04T10:00": True,
        "2027-06-07T10:00": False,
        "2027-06-08T16:59": False,
        "2027-06-09T11:59": True,
        "2027-06-09T12:00": False,  # 18:00 in Berlin
        "2027-06-09T13:00": True,
        "2027-06-16T12:30": True,  # left out
        "2027-06-23T12:30": True,  # moved to the next day
        "2027-06-24T12:30": False,
        "2027-06-30T12:30": False,
        "2027-07-07T12:30": True,
        "2027-06-10T10:00": False,
        "2031-06-10T10:00": False,
        "2027-06-11T10:00": True,
    }
    assert open_at(tmp_path, '_ics = "closed.ics"\n', *times) == list(times.values())


def test_calendars_are_put_together(tmp_path: Path) -> None:
    more = """\
_use_alternative1 = "summer"
_include_holiday1 = "shared"
_include_bh_add1 = "shared"

[service.summer]
_type = "builtin"
_service = "office-hours"
_timezone = "Europe/Berlin"
_bh_regular1 = "Mon-Fri 07:00-12:00"
_effective_dates1 = "06-01 to 08-31"

[service.shared]
_type = "office-hours"
_timezone = "Europe/Berlin"
_holiday1 = "06-08"
_holiday2 = ["12-25", "12-26"]
_bh_add1 = "2027-06-12 10:00-11:00"
_bh_regular1 = "Sun 00:00-24:00"
"""
    times = {
        "2027-06-07T08:00": True,
        "2027-06-07T13:00": False,
        "2027-06-08T08:00": False,
        "2027-06-12T10:30": True,
        "2027-06-13T10:30": False,
        "2027-09-01T13:00": True,
        "2028-12-25T13:00": False,
    }
    assert open_at(tmp_path, more, *times) == list(times.values())


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (OFFICE.replace("America/New_York", "EST"),
         "16: [service.office] _timezone: 'EST' is an abbreviation, which does not tell when clocks change;"
         " a zone of the tz database is wanted, such as America/New_York"),
        (OFFICE.replace('_timezone = "America/New_York"\n', ""),
         "14: [service.office] _timezone: is missing; a zone of the tz database is wanted, such as America/New_York"),
        (OFFICE.replace("Mon-Fri 09", "Mo-Fr 09"),
         "17: [service.office] _bh_regular1: days such as Mon-Fri are wanted (Mon, Tue, Wed, Thu, Fri, Sat, Sun),"
         " not 'mo'"),
        (OFFICE + "_bh_add2 = 5\n", "18: [service.office] _bh_add2: text in quotes is wanted, or a list of such"),
        (OFFICE + '_holidays1 = "12-25"\n',
         "18: [service.office] _holidays1: unknown option of office hours; did you mean _holiday?"),
        (OFFICE + '_ics = "gone.ics"\n',
         "18: [service.office] _ics: gone.ics cannot be read: No such file or directory"),
        (OFFICE + '_national_holidays = "US-QQ"\n', "18: [service.office] _national_holidays: US has no part 'QQ';"),
        (OFFICE + '_include_holiday1 = "offce"\n',
         "18: [service.office] _include_holiday1: there are no office hours 'offce'; did you mean office?"),
        (OFFICE + '_include_holiday1 = "office"\n',
         "18: [service.office] _include_holiday1: goes round in a circle: office -> office"),
        (OFFICE + '_use_alternative1 = "b"\n[service.b]\n_type = "office-hours"\n_timezone = "UTC"\n',
         "18: [service.office] _use_alternative1: b has no _effective_dates, so it would always take the place of"
         " office"),
        ('_business_hours_service = "office"\n',
         "12: [service.support] _business_hours_service: there is no office hours 'office'"),
        ('_capacity_service = "c"\n', "12: [service.support] _capacity_service: there is no capacity service 'c'"),
        ('_exceptions = "a"\n', "12: [service.support] _exceptions: there is no pattern group 'a'"),
        ('[service.x]\n_type = "hours"\n',
         "13: [service.x] _type: ors, office-hours or capacity is wanted"),
        ('[service.x]\n_type = "capacity"\n_timezone = "UTC"\n_capacity_1 = "{}}"\n',
         "15: [service.x] _capacity_1: is not JSON: Extra data"),
        ('[service.x]\n_type = "capacity"\n_timezone = "UTC"\n_capacity_1 = {"0900" = 1001}\n',
         "15: [service.x] _capacity_1: 0900: a whole number from 0 to 1000 (_max_capacity) is wanted, not 1001"),
        ('[service.x]\n_type = "capacity"\n_timezone = "UTC"\n_capacity_1 = {"9" = 1}\n',
         "15: [service.x] _capacity_1: an hour such as 0900 is wanted, not '9'"),
        ('[service.x]\n_type = "capacity"\n_timezone = "UTC"\n_capacity_1 = {"8" = {"0900" = 1}}\n',
         "15: [service.x] _capacity_1: a weekday's number is wanted"),
        ('[service.x]\n_type = "capacity"\n_timezone = "UTC"\n_capacity_8 = "{}"\n',
         "15: [service.x] _capacity_8: unknown option of a capacity; did you mean _capacity_"),
        ("[patterns.blocked]\n_customer_number = '+1900'\n",
         "13: [patterns.blocked] _customer_number: '+1900' is no regular expression: nothing to repeat"),
        ("[patterns.blocked]\n", "12: [patterns.blocked]: an entry is wanted such as _customer_number ="),
        ("_request_time_bucket = 7\n",
         "12: [service.support] _request_time_bucket: one of 5, 10, 15, 20, 30, 60, 120 is wanted, not 7"),
        ('_calling_hours = "8-21"\n', "12: [service.support] _calling_hours: days such as Mon-Fri are wanted"),
        ('_allowed_countries = "US,XX"\n', "12: [service.support] _allowed_countries: an ISO 3166 country"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, more: str, problem: str) -> None:
    told = problems(tmp_path, more)
    assert told[0].startswith(problem), told
    assert len(told) == 1, told


def test_figures_as_json_text_and_as_tables(tmp_path: Path) -> None:
    more = """\
[service.text]
_type = "capacity"
_timezone = "America/New_York"
_capacity_1 = '{"1": {"1000": 6}, "3": {"1000": 7, "1100": 2}}'
_capacity_add = '{"2027-06-09": {"0900": 1}}'

[service.table]
_type = "capacity"
_timezone = "America/New_York"
_capacity_1 = {"10:00" = 6}
_capacity_3 = {"1000" = 7, "1100" = 2}
_capacity_add = {"2027-06-09" = {"0900" = 1}}
"""
    capacities = loaded(tmp_path, more).capacities
    assert capacities["text"] == capacities["table"]
    week = capacities["text"].periods(at("2027-06-02T00:00"), at("2027-06-10T00:00"))
    assert [(p.start_s, p.capacity) for p in week if p.capacity] == [
        (at("2027-06-02T10:00"), 7),
        (at("2027-06-02T11:00"), 2),
        (at("2027-06-07T10:00"), 6),
        (at("2027-06-09T09:00"), 1),
    ]


def test_patterns_match_whole_values(tmp_path: Path) -> None:
    more = r"""
[patterns.blocked]
_customer_number = ['\+1900.*', '\+12025550(1|2)00']
account = "test-[0-9]+"
"""
    group = loaded(tmp_path, more).patterns["blocked"]
    assert group.blocks({"_customer_number": "+19005550123"}) == "_customer_number"
    assert group.blocks({"_customer_number": "+12025550200", "account": "7"}) == "_customer_number"
    assert group.blocks({"_customer_number": "+120255502001", "account": "a test-7"}) is None
    assert group.blocks({"account": "test-7"}) == "account"


def test_a_name_that_is_set_while_running_is_checked() -> None:
    options = service_options("s", {"_business_hours_service": "gone"}, trunk="t", language="en-US")
    with pytest.raises(InvalidParameter, match="_business_hours_service: there is no office hours 'gone'"):
        Builtins().slots_of(options)


def test_the_examples_of_the_page_can_be_used(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "admission.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 3
    (tmp_path / "closed.ics").write_text(CALENDAR, encoding="utf-8")
    for example in examples:
        path = tmp_path / "ivr.toml"
        path.write_text(BASE.partition("[service.support]")[0] + example, encoding="utf-8")
        assert set(load_settings(path, {}).services) == {"support"}
