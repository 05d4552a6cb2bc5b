"""Telephone numbers: what a caller id, a keyed or a posted number means, and which ones we will not ring.

Nothing here raises: a number is E.164 text, or a refusal that says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult, shortnumberinfo


class NumberProblem(StrEnum):
    """Why a number is refused."""

    UNPARSABLE = "unparsable"
    """Not a telephone number at all."""
    IMPOSSIBLE = "impossible"
    """Too short, too long or without its area code."""
    EMERGENCY = "emergency"
    SHORT = "short"
    """A service number such as 411, which no customer can be reached under."""
    PREMIUM = "premium"
    """The one who rings it pays extra: toll fraud's favourite."""


@dataclass(frozen=True, slots=True)
class RefusedNumber:
    """A number that we will not ring."""

    problem: NumberProblem
    detail: str
    """For a person: what is wrong with it. Does not repeat the number."""


# Letters, extensions and non-ASCII digits are refused rather than guessed at: the number may reach a dial string.
_DIALABLE: Final = re.compile(r" *\+?[0-9 ().\-/]{1,40}", re.ASCII)
_WITHHELD: Final = frozenset(
    {"anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "blocked", "invalid", "none", "null"}
)
_IMPOSSIBLE: Final[dict[int, str]] = {
    ValidationResult.INVALID_COUNTRY_CODE: "no country has this code",
    ValidationResult.TOO_SHORT: "too short",
    ValidationResult.TOO_LONG: "too long",
    ValidationResult.INVALID_LENGTH: "a length that no number of this country has",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "without its area code",
}
# No subscriber has so few digits anywhere; with the length check switched off this still keeps service codes out.
_FEWEST_DIGITS: Final = 5


def parse_number(
    text: str, default_country: str, *, allow_impossible: bool = False, allow_premium: bool = False
) -> str | RefusedNumber:
    """E.164 (with the plus) of `text`, read as somebody in `default_country` (ISO 3166, two letters) would dial it.

    `allow_impossible` and `allow_premium` switch off those two checks; emergency and service numbers are never let
    through.
    """
    if not _DIALABLE.fullmatch(text):
        return RefusedNumber(NumberProblem.UNPARSABLE, "only digits, a leading + and the separators space ( ) . - /")
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException as error:
        return RefusedNumber(NumberProblem.UNPARSABLE, _parse_error(error, text, default_country))
    if short := _service_number(text, number, default_country):
        return short
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE and not allow_impossible:
        return RefusedNumber(NumberProblem.IMPOSSIBLE, _IMPOSSIBLE.get(possible, "impossible"))
    if phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE and not allow_premium:
        return RefusedNumber(NumberProblem.PREMIUM, "a premium-rate number")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def usable_caller_number(caller_id: str | None, default_country: str) -> str | None:
    """E.164 of a caller id that can be rung back, None when it is withheld, an extension or nonsense."""
    text = (caller_id or "").strip()
    if not text or text.lower().strip('"') in _WITHHELD or not text.strip("+0 "):
        return None
    number = parse_number(text, default_country)
    return None if isinstance(number, RefusedNumber) else number


def is_country(code: str) -> bool:
    """Whether `code` is a country whose numbers we can read, such as "US"."""
    return code in phonenumbers.SUPPORTED_REGIONS


def country_of(number: str) -> str | None:
    """The country (ISO 3166) of an E.164 number; where only the country code tells, the main country of that code.

    None for a number of no country, such as an international toll-free one.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    found = phonenumbers.region_code_for_number(parsed)
    found = found or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return found if found in phonenumbers.SUPPORTED_REGIONS else None


def digits_as_dialled(number: str, default_country: str) -> str:
    """The digits of an E.164 number as somebody in `default_country` says them: the national number at home (with
    its trunk prefix, where the country has one), country code and all abroad."""
    try:
        parsed = phonenumbers.parse(number, default_country)
    except phonenumbers.NumberParseException:
        return "".join(c for c in number if c in "0123456789")
    home = parsed.country_code == phonenumbers.country_code_for_region(default_country)
    style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.E164
    return "".join(c for c in phonenumbers.format_number(parsed, style) if c in "0123456789")


def mask(number: str) -> str:
    """A number for logs: enough to tell two apart, too little to ring: `+12*******00`."""
    digits = sum(c.isdigit() for c in number)
    if digits < 6:
        return "*" * len(number)
    shown_first, shown_last, seen = 2, 2, 0
    masked = []
    for c in number:
        seen += c.isdigit()
        hide = c.isdigit() and shown_first < seen <= digits - shown_last
        masked.append("*" if hide else c)
    return "".join(masked)


def _service_number(text: str, number: phonenumbers.PhoneNumber, default_country: str) -> RefusedNumber | None:
    national = phonenumbers.national_significant_number(number)
    dialled = "".join(c for c in text if c in "0123456789")
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if any(
        shortnumberinfo.is_emergency_number(digits, country)
        for digits, country in ((dialled, default_country), (national, default_country), (national, region))
    ):
        return RefusedNumber(NumberProblem.EMERGENCY, "an emergency number")
    if len(national) < _FEWEST_DIGITS or shortnumberinfo.is_valid_short_number(number):
        return RefusedNumber(NumberProblem.SHORT, "a service number, not a subscriber's")
    return None


def _parse_error(error: phonenumbers.NumberParseException, text: str, default_country: str) -> str:
    match error.error_type:
        case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE if "+" in text:
            return "no country has this code"
        case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return f"no country code, and {default_country!r} is no known country"
        case phonenumbers.NumberParseException.TOO_LONG:
            return "too long"
        case phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD | phonenumbers.NumberParseException.TOO_SHORT_NSN:
            return "too short"
        case _:
            return "not a telephone number"
