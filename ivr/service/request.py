"""What a request to start a callback says, checked piece by piece in the order of admission.

Keys without a leading underscore are the caller's own data and go with the callback. Keys with one are options: those
that the service lists in `_overwritable_options` are obeyed, and the others ignored, as the reference product does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ivr.domain.numbers import NumberProblem, RefusedNumber, country_of, parse_number
from ivr.service.durations import parse_instant_s
from ivr.service.errors import CountryRefused, InvalidParameter, NumberRefused, PatternRefused
from ivr.service.options import FIELDS, OptionsRefused, ServiceOptions
from ivr.service.patterns import PatternGroup

NUMBER: Final = "_customer_number"
WAIT_FOR_AGENT: Final = "_wait_for_agent"
DESIRED_TIME: Final = "_desired_time"
NEW_DESIRED_TIME: Final = "_new_desired_time"
ORIGINATING: Final = "_originating_interaction_id"

# A key becomes a channel variable and a key of Redis; a value may become a SIP header.
_DATA_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_INTERACTION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:;@/=-]{0,149}", re.ASCII)
MAX_DATA_KEYS: Final = 50
MAX_VALUE_LENGTH: Final = 2000


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A request that may be carried out, as far as it can be told without the store."""

    customer_number: str
    wait_for_agent: bool
    desired_at_s: float | None
    originating_interaction_id: str | None
    user_data: Mapping[str, str]
    overrides: Mapping[str, str]
    options: ServiceOptions
    """The service's, with the overrides."""
    limited: tuple[tuple[str, str], ...]
    """Names and values of which a daily limit is kept."""


def read_start(
    params: Mapping[str, Any],
    options: ServiceOptions,
    patterns: Mapping[str, PatternGroup],
    headers: Mapping[str, str],
) -> StartRequest:
    """Raises InvalidParameter, NumberRefused, PatternRefused, CountryRefused."""
    for key in (NUMBER, *options.mandatory_customer_lookup_keys):
        if params.get(key) in (None, ""):
            raise InvalidParameter(key, "is missing; this service cannot be started without it")
    own_options, overrides = _overrides(params, options)
    number = read_number(params[NUMBER], own_options)
    refuse_blocked({**params, NUMBER: number}, own_options, patterns)
    return StartRequest(
        customer_number=number,
        wait_for_agent=_truth(WAIT_FOR_AGENT, params.get(WAIT_FOR_AGENT), own_options.wait_for_agent),
        desired_at_s=read_time(DESIRED_TIME, params.get(DESIRED_TIME)),
        originating_interaction_id=_interaction(params.get(ORIGINATING)),
        user_data=read_user_data(params),
        overrides=overrides,
        options=own_options,
        limited=_limited({**params, NUMBER: number}, own_options, headers),
    )


def read_number(given: object, options: ServiceOptions) -> str:
    """E.164. Raises InvalidParameter, NumberRefused."""
    text = _text(NUMBER, given)
    number = parse_number(
        text,
        options.default_country,
        allow_impossible=not options.disallow_impossible_phone_numbers,
        allow_premium=not options.disallow_premium_phone_numbers,
    )
    if isinstance(number, RefusedNumber):
        raise NumberRefused(text, number.problem, _why_refused(text, number, options))
    return number


def refuse_blocked(params: Mapping[str, Any], options: ServiceOptions, patterns: Mapping[str, PatternGroup]) -> None:
    """Raises PatternRefused, CountryRefused; the number in `params` is the one understood, where there is one."""
    values = {name: _plain(value) for name, value in params.items()}
    for name in options.exceptions:
        # A group that a request names and that there is not blocks nothing; names that are configured are checked.
        blocked = patterns[name].blocks(values) if name in patterns else None
        if blocked is not None:
            raise PatternRefused(blocked, name)
    if options.allowed_countries and NUMBER in params:
        country = country_of(params[NUMBER])
        if country not in options.allowed_countries:
            raise CountryRefused(country, options.allowed_countries)


def read_time(name: str, given: object) -> float | None:
    """Epoch seconds of a booking, None for now. Raises InvalidParameter."""
    if given is None or given == "":
        return None
    try:
        return parse_instant_s(_text(name, given))
    except ValueError as error:
        raise InvalidParameter(name, str(error)) from None


def read_user_data(params: Mapping[str, Any]) -> dict[str, str]:
    """The caller's own data as text. Raises InvalidParameter."""
    data = {}
    for key, value in params.items():
        if key.startswith("_"):
            continue
        if not _DATA_KEY.fullmatch(key):
            raise InvalidParameter(_shown(key), "a key is a letter and up to 63 letters, digits, or _ . -")
        if value is not None:
            data[key] = _scalar(key, value)
    if len(data) > MAX_DATA_KEYS:
        raise InvalidParameter("", f"{len(data)} keys of user data; at most {MAX_DATA_KEYS} are kept")
    return data


def _overrides(params: Mapping[str, Any], options: ServiceOptions) -> tuple[ServiceOptions, dict[str, str]]:
    given = {
        name: _scalar(name, params[name])
        for name in options.overwritable_options
        if name in FIELDS and params.get(name) is not None and name != WAIT_FOR_AGENT
    }
    try:
        return options.overridden(given), given
    except OptionsRefused as refused:
        raise InvalidParameter("", str(refused)) from None


def _limited(
    params: Mapping[str, Any], options: ServiceOptions, headers: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    found = []
    for name in options.throttle_request_parameters:
        header = headers.get(name) if options.enable_throttle_header_parameters else None
        given = header or params.get(name)
        if given in (None, ""):
            continue
        value = _scalar(name, given)
        found.append((name, _as_number(value, options) if name == NUMBER else value))
    return tuple(found)


def _as_number(text: str, options: ServiceOptions) -> str:
    number = parse_number(text, options.default_country, allow_impossible=True, allow_premium=True)
    return text if isinstance(number, RefusedNumber) else number


def _plain(value: object) -> str:
    """Text of what is no list and no table; nothing for those."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return ""


def _truth(name: str, given: object, default: bool) -> bool:
    match given:
        case None | "":
            return default
        case bool():
            return given
        case str() if given.lower() in ("true", "false"):
            return given.lower() == "true"
        case _:
            raise InvalidParameter(name, f"true or false is wanted, not {_shown(given)}")


def _interaction(given: object) -> str | None:
    if given is None or given == "":
        return None
    text = _text(ORIGINATING, given)
    if not _INTERACTION.fullmatch(text):
        raise InvalidParameter(ORIGINATING, "the id of a call is wanted, such as 1700000000.12")
    return text


def _text(name: str, given: object) -> str:
    if not isinstance(given, str):
        raise InvalidParameter(name, f"text is wanted, not {_shown(given)}")
    return _scalar(name, given)


def _scalar(name: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            text = str(value)
        case float() if math.isfinite(value):
            text = str(value)
        case str():
            text = value
        case _:
            raise InvalidParameter(name, f"text, a number, true or false is wanted, not {_shown(value)}")
    if len(text) > MAX_VALUE_LENGTH:
        raise InvalidParameter(name, f"{len(text)} characters; at most {MAX_VALUE_LENGTH} are kept")
    if _CONTROL.search(text):
        raise InvalidParameter(name, "control characters such as line ends are not allowed")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidParameter(name, "is not valid Unicode text (half of a surrogate pair)") from None
    return text


def _why_refused(text: str, refused: RefusedNumber, options: ServiceOptions) -> str:
    why = f"{NUMBER}: {_shown(text)} is refused: {refused.detail}"
    match refused.problem:
        case NumberProblem.PREMIUM:
            return f"{why} (_disallow_premium_phone_numbers)"
        case NumberProblem.IMPOSSIBLE:
            return (
                f"{why} (_disallow_impossible_phone_numbers); give it in full, such as +12025550100,"
                f" or as dialled in {options.default_country} (_default_country)"
            )
        case NumberProblem.UNPARSABLE:
            return f"{why}; a number is wanted such as +12025550100"
        case _:
            return why


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
