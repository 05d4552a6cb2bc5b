"""Small prompt sets for the tests of `ivr.audio`: tones only, so that no speech engine is needed."""

from __future__ import annotations

from pathlib import Path

from ivr.audio.manifest import read_manifest
from ivr.domain.prompts import Prompt

SETTINGS = """
[set]
locale = "en-US"
voice = "nobody"
product = {product}
files = [
    {{ rate_hz = 8000, path = "8k/{{id}}.wav" }},
    {{ rate_hz = 16000, path = "16k/{{id}}.wav16" }},
]

[voices.nobody]
engine = "flite"
name = "slt"
licence = "test"
"""


def write_script(root: Path, prompts: dict[str, str], *, product: bool = False) -> Path:
    """A set at `root` with one table of TOML per prompt id."""
    root.mkdir(parents=True, exist_ok=True)
    tables = "\n".join(f"[prompts.{key}]\n{body}\n" for key, body in prompts.items())
    (root / "script.toml").write_text(SETTINGS.format(product=str(product).lower()) + tables, encoding="utf-8")
    return root


def tone(hz: int = 500, ms: int = 120) -> str:
    """The body of a prompt that is one tone."""
    return f"tones = [{{ hz = {hz}, ms = {ms} }}]"


def whole_product(root: Path, *, without: Prompt | None = None) -> Path:
    """A product set with every prompt the flows use (each a tone of its own), in a directory named for its locale."""
    prompts = {p.value: tone(300 + 10 * n, ms=60) for n, p in enumerate(Prompt) if p is not without}
    return write_script(root / "en-US", prompts, product=True)


def files_of(root: Path) -> dict[str, bytes]:
    """Every built file of a set and its manifest, with their bytes."""
    names = [name for entry in read_manifest(root).values() for name in entry.files]
    return {name: (root / name).read_bytes() for name in [*names, "manifest.json"]}
