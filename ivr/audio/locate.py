"""Where the prompts are: in a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

import ivr
from ivr.audio.errors import PromptError
from ivr.audio.script import SCRIPT_NAME

_PACKAGE = Path(ivr.__file__).parent


def prompts_dir() -> Path:
    """The directory that holds one prompt set per locale."""
    for candidate in (_PACKAGE.parent / "prompts", _PACKAGE / "_prompts"):
        if any(candidate.glob(f"*/{SCRIPT_NAME}")):
            return candidate
    raise PromptError("no-prompts", "this installation holds no prompts", "name the prompt directory")


def locales(root: Path) -> list[str]:
    """The locales under a prompts directory, sorted."""
    return sorted(path.parent.name for path in root.glob(f"*/{SCRIPT_NAME}"))


def product_sets() -> list[Path]:
    """Every prompt set the product ships."""
    root = prompts_dir()
    return [root / locale for locale in locales(root)]
