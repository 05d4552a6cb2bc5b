"""docs/options.md says what the options are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.service.cli import options_markdown

pytestmark = pytest.mark.contract


def test_the_table_is_that_of_the_options() -> None:
    table = Path(__file__).parents[2] / "docs" / "options.md"
    assert table.read_text() == options_markdown(), "write it anew: ivr services options --markdown > docs/options.md"
