"""A few hundred requests that schemathesis makes up from the API document; tests/fuzz/fuzz_api.py makes thousands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "fuzz"))

from fuzz_api import fuzz  # found through the line above

from ivr.settings import Settings

pytestmark = [pytest.mark.web, pytest.mark.timeout(120)]


@pytest.mark.slow
async def test_no_server_error_and_nothing_that_the_document_does_not_have(
    redis_url: str, full_settings: Settings, tmp_path: Path
) -> None:
    fuzzed = await fuzz(redis_url, full_settings, tmp_path, examples=3, phases="fuzzing", seed=20261123)
    assert fuzzed.status == 0, fuzzed.report
    assert fuzzed.cases > 130
