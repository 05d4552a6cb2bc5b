"""Logging: one line per event, as JSON or for a console, with telephone numbers masked.

What structlog's `bound_contextvars` holds (`call_id`, `callback_id`, `service`) is on everything that the task logs.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

from ivr.domain.numbers import mask

_WITH_PLUS: Final = re.compile(r"\+\d{7,15}", re.ASCII)
_IN_AN_ADDRESS: Final = re.compile(r"(?<=sip:)\d{7,15}|(?<=tel:)\d{7,15}|(?<=PJSIP/)\d{7,15}", re.ASCII)
_NUMBER_KEYS: Final = ("number", "caller", "callee", "phone", "digits", "ani")


def configure_logs(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["json", "console"] = "json",
    *,
    mask_numbers: bool = True,
    stream: TextIO | None = None,
) -> None:
    """Send everything that this program and its libraries log to `stream` (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # As text, also for a console, so that what it holds can be masked.
        structlog.processors.format_exc_info,
    ]
    render: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if mask_numbers:
        render.append(mask_event)
    render.append(
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # Their lines say nothing about calls, and there are many.
    for chatty in ("aiohttp.access", "websockets", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def mask_event(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Telephone numbers in an event, masked: in any text where they have a plus or stand in an address, and as a
    whole under keys that name a number."""
    return _masked_mapping(event)


def mask_text(text: str) -> str:
    """The telephone numbers in `text`, masked."""
    text = _WITH_PLUS.sub(lambda found: mask(found[0]), text)
    return _IN_AN_ADDRESS.sub(lambda found: mask(found[0]), text)


def _masked_mapping(values: MutableMapping[str, Any]) -> dict[str, Any]:
    return {key: _masked(value, names_number=_names_number(key)) for key, value in values.items()}


def _masked(value: Any, *, names_number: bool) -> Any:
    match value:
        case str():
            return mask(value) if names_number else mask_text(value)
        case dict():
            return _masked_mapping(value)
        case list() | tuple():
            return [_masked(part, names_number=names_number) for part in value]
        case _:
            return value


def _names_number(key: object) -> bool:
    return isinstance(key, str) and any(key == word or key.endswith(f"_{word}") for word in _NUMBER_KEYS)
