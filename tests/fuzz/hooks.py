"""What schemathesis is told of the application: half of the requests name services and callbacks that there are."""

from __future__ import annotations

import json
import os
from typing import Any, Final
from zlib import crc32

import schemathesis

KNOWN: Final[dict[str, list[str]]] = json.loads(os.environ["FUZZ_KNOWN"])
"""By the name of a place in a path, or of a parameter."""


def _known(name: str, value: Any) -> Any:
    lot = crc32(repr(value).encode(errors="surrogatepass"))
    return KNOWN[name][lot // 2 % len(KNOWN[name])] if name in KNOWN and lot % 2 else value


def _replaced(values: Any) -> Any:
    return {name: _known(name, value) for name, value in values.items()} if isinstance(values, dict) else values


@schemathesis.hook
def map_path_parameters(_context: schemathesis.HookContext, values: Any) -> Any:
    return _replaced(values)


@schemathesis.hook
def map_query(_context: schemathesis.HookContext, values: Any) -> Any:
    return _replaced(values)


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:
    return _replaced(body)
