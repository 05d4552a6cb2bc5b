"""The settings file, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.service.options import FIELDS, OptionsRefused, ServiceOptions, field_of, service_options
from ivr.settings import Settings, SettingsRefused, load_settings

pytestmark = pytest.mark.unit

GOOD = """\
[asterisk]
ari_user = "ivr"
ari_password = "ari secret"
ami_user = "ivr"
ami_password = "ami secret"

[redis]
url = "redis://127.0.0.1:6390/0"

[http]
api_key = "0123456789abcdef"

[service.support]
_ewt_threshold = 0
_enable_in_queue_checking = "strict"
"""


def load(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    path = tmp_path / "ivr.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment or {})


def refused(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsRefused) as error:
        load(tmp_path, text, environment)
    return [problem.removeprefix(str(tmp_path / "ivr.toml")) for problem in error.value.problems]


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.asterisk.ari_url == "http://127.0.0.1:8088/ari"
    assert (settings.asterisk.app, settings.asterisk.trunk) == ("callback", "carrier")
    assert settings.redis.url.get_secret_value() == "redis://127.0.0.1:6390/0"
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8080)
    assert (settings.log.level, settings.log.format, settings.log.mask_numbers) == ("info", "json", True)
    support = settings.services["support"]
    assert (support.ewt_threshold_s, support.queue, support.trunk, support.max_pending) == (
        0,
        "support",
        "carrier",
        1,
    )
    assert support.language == "en-US"


def test_services_inherit_trunk_and_language(tmp_path: Path) -> None:
    text = GOOD.replace("[asterisk]", '[asterisk]\ntrunk = "telco"') + '[prompts]\nlocale = "de-DE"\n'
    support = load(tmp_path, text).services["support"]
    assert (support.trunk, support.language) == ("telco", "de-DE")


def test_secrets_come_from_files_and_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("fedcba9876543210\n")
    text = GOOD.replace('api_key = "0123456789abcdef"', 'api_key_file = "key"')
    environment = {"REDIS_URL": "redis://elsewhere:6379/2", "IVR_ARI_PASSWORD": "from the environment"}
    settings = load(tmp_path, text, environment)
    assert settings.http.api_key.get_secret_value() == "fedcba9876543210"
    assert settings.redis.url.get_secret_value() == "redis://elsewhere:6379/2"
    assert settings.asterisk.ari_password.get_secret_value() == "from the environment"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, GOOD.replace("redis://", "redis://:hunter2@")))
    for secret in ("ari secret", "ami secret", "0123456789abcdef", "hunter2"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("_ewt_threshold = 0", "_ewt_treshold = 0",
         ":14: [service.support] _ewt_treshold: unknown option; did you mean _ewt_threshold?"),
        ("_ewt_threshold = 0", "_ewt_threshold = -1",
         ":14: [service.support] _ewt_threshold: at least 0 is wanted, not -1"),
        ("_ewt_threshold = 0", "_ewt_threshold = true",
         ":14: [service.support] _ewt_threshold: a number is wanted, not true or false"),
        ('"strict"', '"loose"',
         ":15: [service.support] _enable_in_queue_checking: 'true', 'false' or 'strict' is wanted, not 'loose'"),
        ("[redis]", "[radis]", ":7: radis: unknown section; did you mean redis?"),
        ("ari_user", "ari_usr", ":2: [asterisk] ari_usr: unknown option; did you mean ari_user?"),
        ("url = \"redis://127.0.0.1:6390/0\"", "url = \"localhost:6379\"",
         ":8: [redis] url: redis://HOST:PORT/DB, rediss:// or unix:///PATH is wanted"),
        ("[http]", "[http]\nport = 99999", ":11: [http] port: at most 65535 is wanted, not 99999"),
        ("[http]", "[http]\nport = \"web\"", ":11: [http] port: a whole number is wanted, not 'web'"),
        ("[http]", '[log]\nlevel = "loud"\n[http]',
         ":11: [log] level: 'debug', 'info', 'warning' or 'error' is wanted, not 'loud'"),
        ("[service.support]", '[service."bad name"]',
         ":13: [service] bad name: a service's name has letters, digits, _ . - and begins with no sign"),
        ("_ewt_threshold = 0", '_overwritable_options = "_ewt_threshold,_ttx"',
         ":13: [service.support]: _overwritable_options: _ttx is no option that can be set; did you mean _ttl?"),
        ("_ewt_threshold = 0", '_default_country = "Germany"',
         ':14: [service.support] _default_country: an ISO 3166 country of two letters is wanted, such as "US"'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    assert problem in refused(tmp_path, GOOD.replace(old, new))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("_ewt_threshold = 0", "_ewt_threshold = -1\n_menu_tries = 0").replace("ari_user", "ari_usr")
    assert len(refused(tmp_path, text)) == 4  # two of the service, the unknown one and the missing one


def test_a_missing_secret_says_where_it_may_come_from_and_a_bad_one_is_not_shown(tmp_path: Path) -> None:
    missing = refused(tmp_path, GOOD.replace('api_key = "0123456789abcdef"', ""))
    assert missing == [":10: [http] api_key: is missing; set it, or api_key_file, or IVR_API_KEY in the environment"]
    short = refused(tmp_path, GOOD.replace("0123456789abcdef", "hunter2"))
    assert short == [":11: [http] api_key: text of at least 16 characters is wanted"]


def test_a_secret_file_that_is_not_there_or_one_too_many(tmp_path: Path) -> None:
    gone = refused(tmp_path, GOOD.replace('api_key = "0123456789abcdef"', 'api_key_file = "gone"'))
    assert len(gone) == 1
    assert gone[0].startswith(":11: [http] api_key_file: gone cannot be read")
    (tmp_path / "key").write_text("fedcba9876543210")
    both = refused(tmp_path, GOOD.replace("[http]", '[http]\napi_key_file = "key"'))
    assert both == [":11: [http] api_key_file: either this or api_key, not both"]


def test_a_file_without_services_or_that_is_no_toml(tmp_path: Path) -> None:
    none = refused(tmp_path, GOOD[: GOOD.index("[service")])
    assert none == [": service: at least one service is wanted: [service.NAME]"]
    assert "is not TOML" in refused(tmp_path, "[asterisk\n")[0]
    with pytest.raises(SettingsRefused, match="cannot be read: No such file"):
        load_settings(tmp_path / "gone.toml", {})
    (tmp_path / "latin1.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(SettingsRefused, match="UTF-8"):
        load_settings(tmp_path / "latin1.toml", {})


# -- options of a service -------------------------------------------------------------------------------------------


def options(**given: object) -> ServiceOptions:
    return service_options("support", given, trunk="carrier", language="en-US")


def test_every_option_has_help_level_and_a_range_where_it_is_a_number() -> None:
    for name in FIELDS:
        field = field_of(name)
        assert name.startswith("_")
        assert field.description, name
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        assert extra["level"] in ("normal", "advanced")
        if isinstance(field.default, float | int) and not isinstance(field.default, bool):
            assert extra["unit"] or name.startswith("_max"), name
            assert {type(limit).__name__ for limit in field.metadata} >= {"Ge", "Le"}, name


def test_options_as_text_are_read_again_unchanged() -> None:
    given = {
        "_ewt_threshold": 33.25,
        "_ttl": 31536000,
        "_customer_lookup_keys": "account, tier",
        "_cpd_enable": False,
        "_enable_in_queue_checking": True,
    }
    made = options(**given)
    again = options(**{name: made.text(name) for name in FIELDS})
    assert again == made
    assert made.lookup_keys() == ("account", "tier")
    assert made.text("_ttl") == "31536000"


@pytest.mark.parametrize(
    ("given", "max_pending"), [(True, 2), ("true", 2), ("strict", 1), ("STRICT", 1), (False, None), ("false", None)]
)
def test_duplicates_as_in_the_reference(given: object, max_pending: int | None) -> None:
    assert options(_enable_in_queue_checking=given).max_pending == max_pending


@pytest.mark.parametrize(
    "given",
    [
        {"_ewt_threshold": "nan"},
        {"_ewt_threshold": float("inf")},
        {"_ewt_threshold": [1]},
        {"_menu_tries": 2.5},
        {"_queue": ""},
        {"_queue": "a b"},
        {"_queue": "x,y"},
        {"_prefix_dial_out": "9,"},
        {"_trunk": "carrier/evil"},
        {"_calling_party_display_name": 'a"b'},
        {"_calling_party_display_name": "a\nb"},
        {"_call_direction": "USERORIGINATED"},
        {"_reject_future_desired_time": "0d"},
        {"_mandatory_customer_lookup_keys": "account"},
        {"_overwritable_options": "_overwritable_options"},
        {"_customer_lookup_keys": "bad key"},
    ],
)
def test_what_an_option_cannot_be(given: dict[str, object]) -> None:
    with pytest.raises(OptionsRefused):
        options().overridden(given)


def test_overrides_change_only_what_they_name() -> None:
    base = options(_max_dial_attempts=5)
    assert base.overridden({}) is base
    changed = base.overridden({"_dial_retry_timeout": "60"})
    assert (changed.dial_retry_timeout_s, changed.max_dial_attempts) == (60.0, 5)
