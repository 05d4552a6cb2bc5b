"""Log lines: what they carry, and what they hide."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ivr.telemetry.logs import configure_logs, mask_text

pytestmark = pytest.mark.unit

NUMBER = "+12025550100"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_ours_and_one_of_a_library_are_alike() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.contextvars.bind_contextvars(call_id="1700.1", callback_id="support-01234567")
    structlog.get_logger("ivr.test").info("dialling", attempt=1)
    logging.getLogger("some.library").warning("slow by %d s", 3)
    ours, theirs = lines(stream)
    assert (ours["event"], ours["attempt"], ours["level"], ours["logger"]) == ("dialling", 1, "info", "ivr.test")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow by 3 s", "warning", "some.library")
    for line in (ours, theirs):
        assert (line["call_id"], line["callback_id"]) == ("1700.1", "support-01234567")
        assert line["timestamp"].endswith("Z")


def test_numbers_are_masked_wherever_they_stand() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    log = structlog.get_logger()
    ringing = f"ringing {NUMBER}"
    log.info(ringing, endpoint=f"PJSIP/{NUMBER}@carrier", caller="12025550100", deep=[{"x": NUMBER}])
    log.info("keyed", digits="12025550100", sip="sip:2025550100@host", customer_number=NUMBER)
    try:
        raise RuntimeError(f"cannot ring {NUMBER}")
    except RuntimeError:
        log.exception("failed")
    logging.getLogger("library").error("bad number %s", NUMBER)
    assert "2025550" not in stream.getvalue()
    assert "5550100" not in stream.getvalue()
    first = lines(stream)[0]
    assert (first["event"], first["caller"]) == ("ringing +12*******00", "12*******00")
    assert lines(stream)[2]["exception"].endswith("RuntimeError: cannot ring +12*******00")


def test_what_is_no_number_stays() -> None:
    for text in ("1700000000.12", "cb-support-0123456789abcdef0123-1", "2026-11-23T02:43:00Z", "127.0.0.1:6390"):
        assert mask_text(text) == text


def test_masking_can_be_switched_off_and_levels_hold() -> None:
    stream = io.StringIO()
    configure_logs("warning", mask_numbers=False, stream=stream)
    structlog.get_logger().info("not this")
    structlog.get_logger().warning("this", number=NUMBER)
    (line,) = lines(stream)
    assert line["number"] == NUMBER


def test_a_console_gets_text_without_colours_when_it_is_a_file() -> None:
    stream = io.StringIO()
    configure_logs(form="console", stream=stream)
    structlog.get_logger().info("hello", number=NUMBER)
    assert "hello" in stream.getvalue()
    assert "+12*******00" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
