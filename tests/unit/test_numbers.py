"""What is a number to be rung, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.numbers import (
    NumberProblem,
    RefusedNumber,
    digits_as_dialled,
    is_country,
    mask,
    parse_number,
    usable_caller_number,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+12025550100", "US", "+12025550100"),
        ("2025550123", "US", "+12025550123"),
        ("1 (202) 555-0199", "US", "+12025550199"),
        ("202.555.0142", "US", "+12025550142"),
        ("011442079460000", "US", "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("00442079460000", "DE", "+442079460000"),
        ("030 / 123456", "DE", "+4930123456"),
        ("+39 06 698 12345", "US", "+390669812345"),
    ],
)
def test_a_number_becomes_e164_as_its_country_dials_it(text: str, country: str, e164: str) -> None:
    assert parse_number(text, country) == e164


@pytest.mark.parametrize("nn", range(100))
def test_the_labs_customers_are_numbers(nn: int) -> None:
    assert parse_number(f"+120255501{nn:02d}", "US") == f"+120255501{nn:02d}"
    assert parse_number(f"20255501{nn:02d}", "US") == f"+120255501{nn:02d}"


@pytest.mark.parametrize(
    ("text", "country", "problem"),
    [
        ("", "US", NumberProblem.UNPARSABLE),
        ("   ", "US", NumberProblem.UNPARSABLE),
        ("+", "US", NumberProblem.UNPARSABLE),
        ("hello", "US", NumberProblem.UNPARSABLE),
        ("1-800-FLOWERS", "US", NumberProblem.UNPARSABLE),
        ("call 202 555 0100", "US", NumberProblem.UNPARSABLE),
        ("2025550100;ext=5", "US", NumberProblem.UNPARSABLE),
        ("2025550100 x5", "US", NumberProblem.UNPARSABLE),
        ("+12025550100@evil", "US", NumberProblem.UNPARSABLE),
        ("+1202555${EXTEN}", "US", NumberProblem.UNPARSABLE),
        ("2025550100&SIP/9", "US", NumberProblem.UNPARSABLE),
        ("+1202\n5550100", "US", NumberProblem.UNPARSABLE),
        ("\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0660", "US", NumberProblem.UNPARSABLE),
        ("\uff0b12025550100", "US", NumberProblem.UNPARSABLE),
        ("+999123456", "US", NumberProblem.UNPARSABLE),
        ("2025550100", "XX", NumberProblem.UNPARSABLE),
        ("5550100", "US", NumberProblem.IMPOSSIBLE),
        ("202555010", "US", NumberProblem.IMPOSSIBLE),
        ("+120255501001", "US", NumberProblem.IMPOSSIBLE),
        ("911", "US", NumberProblem.EMERGENCY),
        ("+1911", "US", NumberProblem.EMERGENCY),
        ("9 1 1", "US", NumberProblem.EMERGENCY),
        ("112", "US", NumberProblem.EMERGENCY),
        ("110", "DE", NumberProblem.EMERGENCY),
        ("999", "GB", NumberProblem.EMERGENCY),
        ("411", "US", NumberProblem.SHORT),
        ("116117", "DE", NumberProblem.SHORT),
        ("12", "US", NumberProblem.SHORT),
        ("19005550123", "US", NumberProblem.PREMIUM),
        ("+979123456789", "US", NumberProblem.PREMIUM),
        ("09001234567", "DE", NumberProblem.PREMIUM),
    ],
)
def test_what_is_no_number_to_ring_is_refused_for_its_reason(text: str, country: str, problem: NumberProblem) -> None:
    refused = parse_number(text, country)
    assert isinstance(refused, RefusedNumber)
    assert refused.problem is problem
    assert refused.detail


def test_two_checks_can_be_switched_off_and_the_others_not() -> None:
    assert parse_number("19005550123", "US", allow_premium=True) == "+19005550123"
    assert parse_number("5550100", "US", allow_impossible=True) == "+15550100"
    for text in ("911", "411", "", "x"):
        assert isinstance(parse_number(text, "US", allow_impossible=True, allow_premium=True), RefusedNumber)


@given(st.text(max_size=30), st.sampled_from(["US", "DE", "XX", ""]), st.booleans())
def test_never_raises_and_gives_nothing_but_a_plus_and_digits(text: str, country: str, allow: bool) -> None:
    number = parse_number(text, country, allow_impossible=allow, allow_premium=allow)
    if isinstance(number, str):
        assert number.startswith("+")
        assert number[1:].isascii()
        assert number[1:].isdigit()


@given(st.from_regex(r"\+?[0-9 ().-]{1,20}", fullmatch=True))
def test_what_was_accepted_is_accepted_again_unchanged(text: str) -> None:
    number = parse_number(text, "US")
    if isinstance(number, str):
        assert parse_number(number, "DE") == number


@pytest.mark.parametrize(
    "caller_id",
    [None, "", "  ", "anonymous", "Anonymous", "Unknown", "Restricted", '"private"', "unavailable", "0", "0000000000",
     "+", "101", "alice", "sip:alice@example.com", "911"],
)  # fmt: skip
def test_a_caller_id_that_cannot_be_rung_back_is_none(caller_id: str | None) -> None:
    assert usable_caller_number(caller_id, "US") is None


@pytest.mark.parametrize("caller_id", ["+12025550100", "12025550100", "2025550100", " 202-555-0100 "])
def test_a_caller_id_that_can_be_rung_back(caller_id: str) -> None:
    assert usable_caller_number(caller_id, "US") == "+12025550100"


def test_digits_are_said_as_at_home_or_with_the_country_code() -> None:
    assert digits_as_dialled("+12025550100", "US") == "2025550100"
    assert digits_as_dialled("+4930123456", "DE") == "030123456"
    assert digits_as_dialled("+4930123456", "US") == "4930123456"
    assert digits_as_dialled("nonsense 12", "US") == "12"


def test_countries() -> None:
    assert is_country("US")
    assert not is_country("us")
    assert not is_country("ZZ")


def test_a_masked_number_can_be_told_from_another_and_not_rung() -> None:
    assert mask("+12025550100") == "+12*******00"
    assert mask("+12025550100") != mask("+12025550101")
    assert mask("911") == "***"
    assert mask("") == ""


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_mask_shows_at_most_four_digits(number: str) -> None:
    masked = mask(number)
    assert len(masked) == len(number)
    assert sum(c.isdigit() for c in masked) <= 4
