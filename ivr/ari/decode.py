"""Reads ARI's JSON objects into typed values, by tables that a test can hold against the api-docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Malformed(Exception):
    """The JSON is not of the documented form. The text says where."""


class _Required:
    """Stands for "no default"."""


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a JSON object: how to read it, and what it is when the key is missing."""

    key: str
    read: Callable[[Any], Any]
    default: Any = REQUIRED


class Shape(Generic[T]):
    """A JSON object of a documented model: its fields, in the order of `build`'s parameters."""

    __slots__ = ("build", "fields", "model")

    def __init__(self, model: str, build: Callable[..., T], *fields: Field) -> None:
        self.model = model
        self.build = build
        self.fields = fields

    def __call__(self, raw: object) -> T:
        """The value. Raises Malformed; keys that are not in the table are ignored."""
        if not isinstance(raw, dict):
            raise Malformed(f"{self.model} is not an object")
        values = []
        for field in self.fields:
            value = raw.get(field.key, REQUIRED)
            if value is REQUIRED:
                if field.default is REQUIRED:
                    raise Malformed(f"{self.model} has no {field.key}")
                values.append(field.default)
                continue
            try:
                values.append(field.read(value))
            except Malformed as error:
                raise Malformed(f"{self.model}.{field.key}: {error}") from None
        return self.build(*values)


def text(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    raise Malformed("not a text")


def whole(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise Malformed("not a whole number")


def flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise Malformed("not true or false")


def moment(raw: object) -> float:
    """Epoch seconds of a timestamp such as 2026-11-23T02:23:02.271+0000."""
    try:
        return datetime.fromisoformat(text(raw)).timestamp()
    except (ValueError, OverflowError):
        raise Malformed("not a timestamp") from None


def texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, list):
        return tuple(text(item) for item in raw)
    raise Malformed("not a list")


def mapping(raw: object) -> Mapping[str, Any]:
    if isinstance(raw, dict):
        return raw
    raise Malformed("not an object")


def list_of(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    """A reader of lists whose items `read` reads."""

    def read_list(raw: object) -> tuple[T, ...]:
        if isinstance(raw, list):
            return tuple(read(item) for item in raw)
        raise Malformed("not a list")

    return read_list
