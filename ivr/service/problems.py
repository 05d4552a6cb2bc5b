"""What is wrong with a value, in words that say what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def nearest(name: str, known: Iterable[str]) -> str:
    """`"; did you mean _ttl?"`, or nothing when no known name is near."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def problem_text(error: Any) -> str:
    """One pydantic error (`ValidationError.errors()`) in a line that names what would be valid."""
    got, context = error.get("input"), error.get("ctx") or {}
    match error["type"]:
        case "missing":
            return "is missing"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            wanted = "a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            wanted = "a number"
        case "bool_type" | "bool_parsing":
            wanted = "true or false"
        case "string_type":
            wanted = "text in quotes"
        case "tuple_type" | "list_type":
            wanted = "names separated by commas"
        case "greater_than_equal":
            wanted = f"at least {context['ge']:g}"
        case "less_than_equal":
            wanted = f"at most {context['le']:g}"
        case "literal_error":
            wanted = str(context["expected"])
        case "string_pattern_mismatch":
            wanted = f"text that matches {context['pattern']}"
        case "value_error":
            return str(context["error"])
        case _:
            wanted = str(error["msg"])
    return f"{wanted} is wanted, not {_shown(got)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
