"""The files that a lab writes for its Asterisks and for the application."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from ivr.lab import data, render_app, render_asterisk
from ivr.lab.jail import Jail
from ivr.lab.render_asterisk import Secrets

pytestmark = pytest.mark.unit

SECRETS = Secrets(ari="ari-secret", ami="ami-secret", softphone="phone-secret", api_key="key-secret")


@pytest.fixture
def pbx(tmp_path: Path) -> Path:
    jail = Jail("pbx", tmp_path / "tree", tmp_path / "pbx")
    jail.prepare()
    render_asterisk.write_pbx(jail.own, SECRETS, agents=3, wrapup_s=7, carrier="127.0.0.9:5080")
    return jail.own


@pytest.fixture
def carrier(tmp_path: Path) -> Path:
    jail = Jail("carrier", tmp_path / "tree", tmp_path / "carrier")
    jail.prepare()
    render_asterisk.write_carrier(jail.own, SECRETS, talk_s=11)
    return jail.own


def sections(path: Path, name: str) -> list[dict[str, str]]:
    """The settings of every section of that name, in order; an Asterisk file may have several."""
    found: list[dict[str, str]] = []
    inside = False
    for line in path.read_text().splitlines():
        if heading := re.match(r"\[(.+?)\]", line):
            inside = heading[1] == name
            if inside:
                found.append({})
        elif inside and "=" in line:
            key, _, value = line.partition("=")
            found[-1][key.strip()] = value.strip()
    return found


def test_customer_calls_go_to_the_chosen_carrier(pbx: Path) -> None:
    pjsip = pbx / "etc" / "site" / "pjsip.conf"
    endpoint, aor = sections(pjsip, "carrier")
    assert endpoint["aors"] == "carrier"
    assert endpoint["media_address"] == "127.0.0.1"
    assert aor["contact"] == "sip:127.0.0.9:5080"


def test_each_agent_has_a_phone_and_a_place_in_the_queue(pbx: Path) -> None:
    pjsip = pbx / "etc" / "site" / "pjsip.conf"
    for number in (1, 2, 3):
        assert sections(pjsip, f"agent-{number}")[1]["contact"] == f"sip:agent-{number}@127.0.0.2:5060"
    assert sections(pjsip, "agent-4") == []
    queues = (pbx / "etc" / "site" / "queues.conf").read_text()
    assert re.findall(r"^member = PJSIP/([^,]+)", queues, re.MULTILINE) == [
        *("agent-1", "agent-2", "agent-3", "agent-phone-1", "agent-phone-2"),
    ]
    assert "wrapuptime = 7" in queues


def test_a_lab_without_agents_has_only_softphones(tmp_path: Path) -> None:
    jail = Jail("pbx", tmp_path, tmp_path / "pbx")
    jail.prepare()
    render_asterisk.write_pbx(jail.own, SECRETS, agents=0, wrapup_s=0, carrier="127.0.0.2:5060")
    queues = (jail.own / "etc" / "site" / "queues.conf").read_text()
    assert re.findall(r"^member = PJSIP/([^,]+)", queues, re.MULTILINE) == ["agent-phone-1", "agent-phone-2"]


def test_no_example_value_reaches_a_lab(pbx: Path, carrier: Path) -> None:
    for own in (pbx, carrier):
        for file in (own / "etc").rglob("*.conf"):
            settings = [line for line in file.read_text().splitlines() if not line.startswith(";")]
            assert "CHANGE-ME" not in "\n".join(settings), file
            assert "example" not in "\n".join(settings), file


def test_passwords_are_the_fresh_ones(pbx: Path, carrier: Path) -> None:
    site = pbx / "etc" / "site"
    assert sections(site / "ari.conf", "callback")[0]["password"] == "ari-secret"
    assert sections(site / "manager.conf", "callback")[0]["secret"] == "ami-secret"
    assert sections(site / "pjsip.conf", "agent-phone-1")[1]["password"] == "phone-secret"
    assert sections(carrier / "etc" / "site" / "pjsip.conf", "12025550190")[1]["password"] == "phone-secret"


def test_the_ami_user_may_only_read(pbx: Path) -> None:
    for file in (pbx / "etc" / "site" / "manager.conf", _committed("pbx/site/manager.conf")):
        (user,) = sections(file, "callback")
        assert user["read"] == "agent,call"
        assert "write" not in user


def test_every_file_that_is_included_is_there(pbx: Path, carrier: Path) -> None:
    for own in (pbx, carrier):
        etc = own / "etc"
        included = [
            (file, name)
            for file in etc.rglob("*.conf")
            for name in re.findall(r"^#include +(\S+)", file.read_text(), re.MULTILINE)
        ]
        assert included
        for file, name in included:
            assert (etc / name).is_file(), (file, name)


def test_callers_hear_the_prompts_in_both_rates(pbx: Path) -> None:
    narrow = {path.stem for path in pbx.glob("prompts/callback/en-US/*.wav")}
    wide = {path.stem for path in pbx.glob("prompts/callback/en-US/*.wav16")}
    assert narrow
    assert narrow == wide


def test_the_people_of_the_carrier_can_speak(carrier: Path) -> None:
    dialplan = (carrier / "etc" / "extensions.conf").read_text()
    clips = set(re.findall(r"\$\{SOUNDS\}/([a-z0-9-]+)", dialplan))
    assert {"person-hello", "sit-tones", "tone-700"} <= clips
    for clip in clips:
        assert (carrier / "sounds" / f"{clip}.wav").is_file(), clip
    assert "TALK_S = 11" in (carrier / "etc" / "site" / "globals.conf").read_text()


def test_the_name_of_the_machine_needs_no_name_server(pbx: Path) -> None:
    address, *names = (pbx / "hosts").read_text().split()
    assert address == "127.0.0.1"
    assert "localhost" in names
    assert len(names) == 2


def test_the_applications_settings_are_toml() -> None:
    text = render_app.app_toml(
        SECRETS, {"support": {"_ewt_threshold": 0, "_note": 'say "hi"'}, "sales": {"_x": True}}, wrapup_s=7
    )
    settings = tomllib.loads(text)
    assert settings["asterisk"] == {
        "ari_url": "http://127.0.0.1:8088/ari",
        "ari_user": "callback",
        "ari_password": "ari-secret",
        "ami_host": "127.0.0.1",
        "ami_port": 5038,
        "ami_user": "callback",
        "ami_password": "ami-secret",
        "app": "callback",
        "trunk": "carrier",
    }
    assert settings["redis"] == {"url": "redis://127.0.0.1:6390/0"}
    assert settings["http"] == {"host": "127.0.0.1", "port": 8080, "api_key": "key-secret"}
    shown = {
        "_queue": "support",
        "_wrapup_time": 7,
        "_calling_party_number": "+12025550000",
        "_throttle_callbacks_per_service_1": 0,
        "_throttle_callbacks_per_service_2": 0,
        "_throttle_request_parameters_limit": 0,
    }
    assert settings["service"] == {
        "support": {**shown, "_calling_party_display_name": "Support", "_ewt_threshold": 0, "_note": 'say "hi"'},
        "sales": {**shown, "_calling_party_display_name": "Sales", "_x": True},
    }


def test_the_service_is_there_without_options() -> None:
    settings = tomllib.loads(render_app.app_toml(SECRETS, {}, wrapup_s=5))
    assert list(settings["service"]) == ["support"]
    assert settings["service"]["support"]["_queue"] == "support"


def test_a_chosen_option_takes_the_place_of_the_labs_own() -> None:
    text = render_app.app_toml(SECRETS, {"sales": {"_queue": "sales"}}, wrapup_s=5)
    assert tomllib.loads(text)["service"]["sales"]["_queue"] == "sales"


def test_the_json_line_can_be_read_back() -> None:
    told = data.LabData(
        sip="127.0.0.1:5060",
        http="http://127.0.0.1:8080",
        api_key="k",
        redis="redis://127.0.0.1:6390/0",
        ari=data.Ari("http://127.0.0.1:8088/ari", "u", "p"),
        ami=data.Ami("127.0.0.1", 5038, "u", "p"),
        queue_log="/q",
        cdr="/c",
        asterisk_cli=["/cli"],
        pids={"pbx": 7},
        carrier="127.0.0.2:5060",
        carrier_cli=["/cli"],
        carrier_calls="/calls",
        carrier_recordings="/rec",
        config="/ivr.toml",
        run_dir="/run",
        logs={"app": "/app.log"},
        softphones=[data.Softphone("agent", "127.0.0.1:5060", "u", "p", "n")],
    )
    assert "\n" not in told.as_json()
    assert json.loads(told.as_json())["ari"] == {"url": "http://127.0.0.1:8088/ari", "user": "u", "password": "p"}
    assert data.LabData.from_json(told.as_json()) == told


def _committed(path: str) -> Path:
    return Path(__file__).parents[2] / "asterisk-config" / path
