"""Named groups of patterns, by which requests are refused: `[patterns.NAME]` of the settings file.

An entry names a parameter of the request and one or more regular expressions; one that matches the
whole value blocks. The customer's number is looked at as it was understood, with the plus and the country code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PatternGroup:
    """Patterns by the parameter at which they look."""

    rules: tuple[tuple[str, re.Pattern[str]], ...]

    def blocks(self, values: Mapping[str, str]) -> str | None:
        """The first parameter whose value is blocked."""
        for name, pattern in self.rules:
            if name in values and pattern.fullmatch(values[name]):
                return name
        return None


def read_patterns(table: Mapping[str, Any], problems: list[tuple[str, str]]) -> PatternGroup:
    """The group of one section; `problems` gets the entries that cannot be."""
    rules = []
    if not table:
        problems.append(("", r"an entry is wanted such as _customer_number = '\+1900.*'"))
    for name, given in table.items():
        if not _PARAMETER.fullmatch(name):
            problems.append((name, "the name of a request's parameter is wanted, such as _customer_number"))
        for text in given if isinstance(given, list) else [given]:
            if not isinstance(text, str) or not text:
                problems.append((name, "a regular expression in quotes is wanted, or a list of them"))
                continue
            try:
                rules.append((name, re.compile(text)))
            except (re.error, OverflowError) as error:
                problems.append((name, f"{text[:60]!r} is no regular expression: {error}"))
    return PatternGroup(tuple(rules))
