"""What `ivr lab render` writes for the containers: other addresses, the same configuration, passwords that stay."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from pathlib import Path

import pytest

from ivr.lab.render import PARTS, Rendering, render
from ivr.lab.settings import LabSettings
from ivr.settings import load_settings

pytestmark = pytest.mark.unit

WANTED = Rendering(
    pbx="10.9.8.10",
    carrier="10.9.8.11",
    around="10.9.8.0/24",
    store="10.9.8.12:6379",
    lab=LabSettings(agents=3, talk_s=9, wrapup_s=4, options={"support": {"_ewt_threshold": 42}}),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    render(tmp_path, WANTED)
    return tmp_path


def test_no_loopback_address_is_left_where_another_container_has_to_come_in(root: Path) -> None:
    for part in ("pbx", "carrier"):
        for file in (root / part / "etc" / "site").glob("*.conf"):
            assert "127.0.0." not in file.read_text(), file
    for name in ("http", "manager"):
        assert "[general](+)\nbindaddr = 10.9.8.10\n" in (root / "pbx/etc/site" / f"{name}.conf").read_text()
    assert "permit = 10.9.8.0/24" in (root / "pbx/etc/site/manager.conf").read_text()
    assert "contact = sip:10.9.8.10:5060" in (root / "carrier/etc/site/network.conf").read_text()
    assert "contact = sip:10.9.8.11:5060" in (root / "pbx/etc/site/pjsip.conf").read_text()


def test_the_application_finds_all_of_it(root: Path) -> None:
    settings = load_settings(root / "app" / "ivr.toml", {})
    assert settings.asterisk.ari_url == "http://10.9.8.10:8088/ari"
    assert settings.asterisk.ami_host == "10.9.8.10"
    assert settings.services["support"].ewt_threshold_s == 42
    url = settings.redis.url.get_secret_value()
    conf = (root / "store" / "valkey.conf").read_text()
    (password,) = re.findall(r"^requirepass (\S+)$", conf, re.MULTILINE)
    assert url == f"redis://:{password}@10.9.8.12:6379/0"
    assert "appendfsync always" in conf


def test_passwords_are_made_once_and_are_nobody_elses(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = {part: _passwords(root, part) for part in ("app", "store")}
    (root / "carrier" / "calls.csv").write_text("kept\n")
    render(root, WANTED)
    assert {part: _passwords(root, part) for part in ("app", "store")} == first
    assert (root / "carrier" / "calls.csv").read_text() == "kept\n"
    other = tmp_path_factory.mktemp("other")
    render(other, WANTED)
    assert not set(_passwords(other, "app")) & set(first["app"])
    for kept in ("secrets/secrets.json", "app/ivr.toml", "app/log-ins.json", "store/valkey.conf"):
        assert stat.S_IMODE((root / kept).stat().st_mode) == 0o600, kept


def test_the_log_ins_are_those_of_the_configuration(root: Path) -> None:
    log_ins = json.loads((root / "app" / "log-ins.json").read_text())
    configured = (root / "pbx/etc/site/pjsip.conf").read_text() + (root / "carrier/etc/site/pjsip.conf").read_text()
    assert {phone["role"]: phone["server"] for phone in log_ins["softphones"]} == {
        "agent": "10.9.8.10:5060",
        "caller": "10.9.8.11:5060",
    }
    for phone in log_ins["softphones"]:
        assert f"username = {phone['user']}\npassword = {phone['password']}\n" in configured


def test_every_volume_of_the_compose_file_is_filled(root: Path) -> None:
    compose = (Path(__file__).parents[2] / "docker" / "compose.yaml").read_text()
    assert set(re.findall(r"^ +- (\w+):/render/\1$", compose, re.MULTILINE)) == set(PARTS)
    assert {path.name for path in root.iterdir()} == set(PARTS)


def _passwords(root: Path, part: str) -> list[str]:
    if part == "store":
        return re.findall(r"requirepass (\S+)", (root / "store" / "valkey.conf").read_text())
    settings = tomllib.loads((root / "app" / "ivr.toml").read_text())
    return [settings["asterisk"]["ari_password"], settings["asterisk"]["ami_password"], settings["http"]["api_key"]]
