"""What may be chosen when a lab starts, and what is refused."""

from __future__ import annotations

import json

import pytest

from ivr.lab.errors import LabError
from ivr.lab.settings import LabSettings, parse_options, parse_value

pytestmark = pytest.mark.unit


def test_options_are_grouped_by_service() -> None:
    options = parse_options(
        ["support._ewt_threshold=0", "support._queue=support", "sales._wait_for_agent=false", "support._x=1.5"]
    )
    assert options == {
        "support": {"_ewt_threshold": 0, "_queue": "support", "_x": 1.5},
        "sales": {"_wait_for_agent": False},
    }


def test_the_last_of_two_values_holds() -> None:
    assert parse_options(["support._x=1", "support._x=2"]) == {"support": {"_x": 2}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("2.5", 2.5),
        ("TRUE", True),
        ("false", False),
        ("", ""),
        ("a=b", "a=b"),
        ("+12025550100", "+12025550100"),
        ("0:10,10:5", "0:10,10:5"),
    ],
)
def test_values_are_read_as_what_they_look_like(text: str, value: object) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["", "support", "support._x", "._x=1", "support.=1", "a b._x=1", "support._x]=1"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(LabError, match=r"is not SERVICE\.OPTION=VALUE; for example"):
        parse_options([text])


@pytest.mark.parametrize("peer", ["127.0.0.5", ":5060", "127.0.0.5:", "127.0.0.5:sip", "127.0.0.5:0", "h:65536"])
def test_a_carrier_without_host_or_port_is_refused(peer: str) -> None:
    with pytest.raises(LabError, match="is not HOST:PORT"):
        LabSettings(carrier=peer)


def test_settings_survive_the_pipe_to_the_keeper() -> None:
    settings = LabSettings(
        agents=0, talk_s=3, wrapup_s=0, carrier="127.0.0.9:5080", options={"support": {"_x": True}}, keep="/tmp/k"
    )
    assert LabSettings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
