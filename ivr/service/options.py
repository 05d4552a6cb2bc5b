"""The options of one service, by the names they have in the settings file, the console and the API.

A field carries its name with the underscore as alias, its unit in the field's own name, and for those who list them
its unit, help and level. An option is here only when something acts on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from ivr.domain.calling_hours import read_calling_hours
from ivr.domain.numbers import is_country
from ivr.service.durations import parse_duration_s
from ivr.service.problems import nearest, problem_text

BUCKETS_MIN: Final = (5, 10, 15, 20, 30, 60, 120)
_REFERENCE: Final = r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$"

OptionInput = str | int | float | bool | list[str]
_LEVELS = Literal["normal", "advanced"]


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is wanted, not true or false")
    return value


def _csv(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _as_word(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip().lower() if isinstance(value, str) else value


def _country(value: str) -> str:
    code = value.upper()
    if not is_country(code):
        raise ValueError('an ISO 3166 country of two letters is wanted, such as "US"')
    return code


def _countries(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_country(value) for value in values)


def _horizon(value: str) -> str:
    parse_duration_s(value)
    return value


def _bucket(value: int) -> int:
    if value not in BUCKETS_MIN:
        raise ValueError(f"one of {', '.join(map(str, BUCKETS_MIN))} is wanted, not {value}")
    return value


def _calling_hours(value: str) -> str:
    read_calling_hours(value)
    return value


Count = Annotated[int, BeforeValidator(_no_truth)]
Seconds = Annotated[float, BeforeValidator(_no_truth), Field(allow_inf_nan=False)]
Names = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], ...], BeforeValidator(_csv)]


def _option(
    name: str, default: Any, help_text: str, *, unit: str = "", level: _LEVELS = "normal", **limits: Any
) -> Any:
    return Field(
        default, alias=name, description=help_text, json_schema_extra={"unit": unit, "level": level}, **limits
    )


class ServiceOptions(BaseModel):
    """One service as it is configured. Made by `service_options`, which fills in what depends on the service."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # -- who serves it, and when a callback is offered
    queue: str = _option(
        "_queue", "", "app_queue that serves it; empty: as the service", pattern=r"^[A-Za-z0-9_.-]{1,64}$"
    )
    ewt_threshold_s: Seconds = _option(
        "_ewt_threshold",
        180.0,
        "offer a callback when the estimated wait is not under this",
        unit="s",
        ge=0,
        le=86400,
    )
    wait_for_agent: bool = _option(
        "_wait_for_agent", True, "ring the customer only when an agent is about to be free"
    )
    call_direction: Literal["USERTERMINATED"] = _option("_call_direction", "USERTERMINATED", "who rings: we do")
    language: str = _option("_language", "en-US", "language of the prompts", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")

    # -- the menus of an inbound call
    first_digit_timeout_s: Seconds = _option(
        "_first_digit_timeout", 5.0, "silence after a prompt that counts as no input", unit="s", ge=1, le=60
    )
    inter_digit_timeout_s: Seconds = _option(
        "_inter_digit_timeout", 3.0, "pause after a digit that ends a number", unit="s", ge=0.5, le=30
    )
    menu_tries: Count = _option("_menu_tries", 3, "how often a menu is asked", unit="times", ge=1, le=10)

    # -- the call to the customer
    max_dial_attempts: Count = _option("_max_dial_attempts", 3, "dials in all", unit="times", ge=1, le=20)
    dial_retry_timeout_s: Seconds = _option(
        "_dial_retry_timeout", 300.0, "pause before the next dial", unit="s", ge=0, le=86400
    )
    ixn_createcall_timeout_s: Seconds = _option(
        "_ixn_createcall_timeout", 32.0, "how long it rings", unit="s", ge=5, le=120
    )
    cpd_enable: bool = _option("_cpd_enable", True, "listen whether a machine answered")
    call_timeguard_timeout_ms: Count = _option(
        "_call_timeguard_timeout", 15000, "how long listening may take", unit="ms", level="advanced", ge=500, le=60000
    )
    confirm_timeout_s: Seconds = _option(
        "_confirm_timeout", 25.0, "time for who answered to press 1", unit="s", ge=5, le=120
    )
    calling_party_number: str = _option(
        "_calling_party_number",
        "",
        "caller id the customer sees; empty: the trunk's own",
        pattern=r"^(\+?[0-9]{2,15})?$",
    )
    calling_party_display_name: str = _option(
        "_calling_party_display_name", "", "name beside it", pattern=r'^[^\x00-\x1f\x7f"<>\\]{0,64}$'
    )
    prefix_dial_out: str = _option(
        "_prefix_dial_out", "", "put before the number dialled", pattern=r"^[0-9*#]{0,10}$"
    )
    trunk: str = _option(
        "_trunk", "", "PJSIP endpoint to dial through; empty: [asterisk] trunk", pattern=r"^[A-Za-z0-9_.-]{1,64}$"
    )
    max_in_flight: Count = _option(
        "_max_in_flight", 10, "customers being dialled or brought to an agent at the same time", ge=1, le=1000
    )
    max_time_to_wait_for_agent_on_the_call_s: Seconds = _option(
        "_max_time_to_wait_for_agent_on_the_call",
        3600.0,
        "an answered customer waits no longer",
        unit="s",
        ge=1,
        le=86400,
    )

    # -- how long a callback lives
    ttl_s: Seconds = _option(
        "_ttl", 86400.0, "a record is kept so long after its desired time", unit="s", ge=60, le=31_536_000
    )
    urs_queued_ttl_s: Seconds = _option(
        "_urs_queued_ttl", 14400.0, "waits in line no longer, then ends", unit="s", ge=60, le=604_800
    )
    reject_future_desired_time: Annotated[str, AfterValidator(_horizon)] = _option(
        "_reject_future_desired_time", "1M", "bookings no later than this ahead: 1 or more y, M, w, d, h or m"
    )

    # -- when there may be one
    business_hours_service: str = _option(
        "_business_hours_service", "", "office hours outside which no time can be booked", pattern=_REFERENCE
    )
    enable_reject_out_of_office_hours: bool = _option(
        "_enable_reject_out_of_office_hours", False, "refuse requests for now while the office is closed"
    )
    request_time_bucket_min: Annotated[Count, AfterValidator(_bucket)] = _option(
        "_request_time_bucket", 5, "length of a slot: 5, 10, 15, 20, 30, 60 or 120", unit="min", ge=5, le=120
    )
    max_request_by_time_bucket: Count = _option(
        "_max_request_by_time_bucket", 100, "bookings in a slot, without a _capacity_service", ge=1, le=1_000_000
    )
    capacity_service: str = _option(
        "_capacity_service", "", "capacity calendar that says how many bookings a slot takes", pattern=_REFERENCE
    )
    calling_hours: Annotated[str, AfterValidator(_calling_hours)] = _option(
        "_calling_hours",
        "",
        "hours on the customer's own clock to ring them in: Mon-Fri 08:00-21:00; Sat 09:00-20:00; empty: any",
    )

    # -- who may have one
    default_country: Annotated[str, AfterValidator(_country)] = _option(
        "_default_country", "US", "country of numbers without a country code"
    )
    disallow_impossible_phone_numbers: bool = _option(
        "_disallow_impossible_phone_numbers", True, "refuse numbers of a wrong length"
    )
    disallow_premium_phone_numbers: bool = _option(
        "_disallow_premium_phone_numbers", True, "refuse premium-rate numbers"
    )
    enable_in_queue_checking: Annotated[Literal["true", "false", "strict"], BeforeValidator(_as_word)] = _option(
        "_enable_in_queue_checking", "true", "refuse a number with two callbacks pending; strict: with one"
    )
    max_queued_callbacks_per_service: Count = _option(
        "_max_queued_callbacks_per_service", 1000, "callbacks in line; bookings are not refused", ge=0, le=1_000_000
    )
    paused_services_id: str = _option(
        "_paused_services_id",
        "",
        "services with the same are paused together; empty: the service's name",
        level="advanced",
        pattern=_REFERENCE,
    )
    exceptions: Names = _option("_exceptions", (), "groups of patterns that refuse a request, comma-separated")
    allowed_countries: Annotated[Names, AfterValidator(_countries)] = _option(
        "_allowed_countries", (), "countries whose numbers are rung, comma-separated; empty: all"
    )
    throttle_callbacks_per_service_1: Count = _option(
        "_throttle_callbacks_per_service_1",
        500,
        "requests accepted in _throttle_ttl_1; 0: any number",
        unit="requests",
        ge=0,
        le=1_000_000,
    )
    throttle_ttl_1_s: Seconds = _option(
        "_throttle_ttl_1", 300.0, "the first sliding window", unit="s", ge=1, le=86400
    )
    throttle_callbacks_per_service_2: Count = _option(
        "_throttle_callbacks_per_service_2",
        1000,
        "requests accepted in _throttle_ttl_2; 0: any number",
        unit="requests",
        ge=0,
        le=1_000_000,
    )
    throttle_ttl_2_s: Seconds = _option(
        "_throttle_ttl_2", 3600.0, "the second sliding window", unit="s", ge=1, le=86400
    )
    throttle_request_parameters: Names = _option(
        "_throttle_request_parameters",
        ("_customer_number",),
        "parameters or headers of which each value has a daily limit, comma-separated",
    )
    throttle_request_parameters_limit: Count = _option(
        "_throttle_request_parameters_limit",
        6,
        "accepted for now in 24 hours with the same value; 0: any number",
        unit="requests",
        ge=0,
        le=10_000,
    )
    enable_throttle_header_parameters: bool = _option(
        "_enable_throttle_header_parameters",
        True,
        "a header's value goes before the body's for that",
        level="advanced",
    )
    customer_lookup_keys: Names = _option(
        "_customer_lookup_keys", ("_customer_number",), "keys by which callbacks are found, comma-separated"
    )
    mandatory_customer_lookup_keys: Names = _option(
        "_mandatory_customer_lookup_keys", ("_customer_number",), "those that a request must have"
    )
    overwritable_options: Names = _option(
        "_overwritable_options", (), "options that a request may set for itself", level="advanced"
    )

    # -- what Asterisk does not tell
    wrapup_time_s: Seconds = _option(
        "_wrapup_time",
        0.0,
        "wrapuptime of the queue in queues.conf, which AMI does not tell; read at the start",
        unit="s",
        level="advanced",
        ge=0,
        le=3600,
    )

    # -- the estimate, until enough was measured
    default_handle_time_s: Seconds = _option(
        "_default_handle_time", 180.0, "talk and wrap-up of a call", unit="s", level="advanced", ge=1, le=86400
    )
    default_patience_s: Seconds = _option(
        "_default_patience",
        600.0,
        "mean time after which callers give up",
        unit="s",
        level="advanced",
        ge=1,
        le=86400,
    )

    @model_validator(mode="after")
    def _options_agree(self) -> ServiceOptions:
        missing = set(self.mandatory_customer_lookup_keys) - set(self.customer_lookup_keys) - {"_customer_number"}
        if missing:
            raise ValueError(
                f"_mandatory_customer_lookup_keys: {', '.join(sorted(missing))} is not in _customer_lookup_keys"
            )
        for name in self.overwritable_options:
            if name not in FIELDS or name == "_overwritable_options":
                raise ValueError(f"_overwritable_options: {name} is no option that can be set{nearest(name, FIELDS)}")
        return self

    @property
    def max_pending(self) -> int | None:
        """How many unfinished callbacks a number may have, None for any number."""
        return {"true": 2, "strict": 1, "false": None}[self.enable_in_queue_checking]

    def lookup_keys(self) -> tuple[str, ...]:
        """Keys of the user data by which callbacks are found."""
        return tuple(key for key in self.customer_lookup_keys if key != "_customer_number")

    def value(self, name: str) -> OptionInput:
        """The value of an option by its name, as it would be written in the settings file."""
        value = getattr(self, FIELDS[name])
        return ",".join(value) if isinstance(value, tuple) else value

    def text(self, name: str) -> str:
        """The value of an option as text that `service_options` reads again."""
        value = self.value(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    def overridden(self, overrides: Mapping[str, Any]) -> ServiceOptions:
        """These options with some set otherwise. Raises OptionsRefused."""
        if not overrides:
            return self
        return _made({name: self.value(name) for name in FIELDS} | dict(overrides))


FIELDS: Final[dict[str, str]] = {str(f.alias): name for name, f in ServiceOptions.model_fields.items()}
"""Field names by option name."""


class OptionsRefused(ValueError):
    """Options that cannot be. `problems`: the option and what would be valid, for each."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" if name else text for name, text in problems))
        self.problems = problems


def service_options(service: str, given: Mapping[str, Any], *, trunk: str, language: str) -> ServiceOptions:
    """The options of `service` from those `given`; the rest get their defaults. Raises OptionsRefused."""
    unknown = [(name, f"unknown option{nearest(name, FIELDS)}") for name in given if name not in FIELDS]
    if unknown:
        raise OptionsRefused(unknown)
    ours = {"_queue": service, "_trunk": trunk, "_language": language}
    return _made({**ours, **given, **{name: value for name, value in ours.items() if given.get(name) == ""}})


def field_of(name: str) -> FieldInfo:
    return ServiceOptions.model_fields[FIELDS[name]]


def is_service_name(name: str) -> bool:
    """Whether a service may have this name: it becomes a part of ids, keys, URLs and dialplan extensions."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name, re.ASCII) is not None


def _made(values: Mapping[str, Any]) -> ServiceOptions:
    try:
        return ServiceOptions.model_validate(values)
    except ValidationError as error:
        raise OptionsRefused(
            [(str(e["loc"][0]) if e["loc"] else "", problem_text(e)) for e in error.errors(include_url=False)]
        ) from None
