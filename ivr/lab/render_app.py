"""The application's settings file for the lab."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ivr.lab import places
from ivr.lab.places import LOOPBACK, Network
from ivr.lab.render_asterisk import QUEUE, USER, Secrets
from ivr.lab.settings import DEFAULT_SERVICE, OptionValue

# A lab's callers and tests ring the same few numbers, many times in a minute.
_NO_LIMITS: dict[str, OptionValue] = {
    "_throttle_callbacks_per_service_1": 0,
    "_throttle_callbacks_per_service_2": 0,
    "_throttle_request_parameters_limit": 0,
}


def app_toml(
    secrets: Secrets,
    options: Mapping[str, Mapping[str, OptionValue]],
    *,
    wrapup_s: int,
    network: Network = LOOPBACK,
) -> str:
    """The TOML of `ivr run --config`: the lab's Asterisk and Valkey, the service `support` and what `options` adds.

    A service of another name serves the lab's one queue unless its `_queue` says otherwise.
    """
    tables: dict[str, dict[str, OptionValue]] = {
        "asterisk": {
            "ari_url": network.ari_url,
            "ari_user": USER,
            "ari_password": secrets.ari,
            "ami_host": network.pbx,
            "ami_port": places.AMI_PORT,
            "ami_user": USER,
            "ami_password": secrets.ami,
            "app": "callback",
            "trunk": "carrier",
        },
        "redis": {"url": network.redis_url},
        "http": {"host": network.http, "port": places.HTTP_PORT, "api_key": secrets.api_key},
        "prompts": {"locale": "en-US"},
    }
    for service in {DEFAULT_SERVICE: None} | dict.fromkeys(options):
        tables[f"service.{service}"] = {
            "_queue": QUEUE,
            "_wrapup_time": wrapup_s,
            "_calling_party_number": "+12025550000",
            "_calling_party_display_name": service.capitalize(),
            **_NO_LIMITS,
            **options.get(service, {}),
        }
    return "\n".join(_table(name, values) for name, values in tables.items())


def _table(name: str, values: Mapping[str, OptionValue]) -> str:
    # JSON's strings, numbers and booleans are TOML's too, and the names are bare keys.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
