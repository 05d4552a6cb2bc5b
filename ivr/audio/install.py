"""Copies the prompts to where Asterisk finds them: `<sounds>/callback/<locale>/<id>.wav` and `.wav16`.

`<sounds>` is Asterisk's sounds directory; a call then plays `sound:callback/<locale>/<id>` and Asterisk takes the
file that suits the line. Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.custom import CUSTOM_DIR, RATE_OF_SUFFIX, custom_clips, require_playable
from ivr.audio.errors import PromptError
from ivr.audio.locate import locales, prompts_dir
from ivr.audio.manifest import read_manifest, replace_file, sha256_of
from ivr.audio.script import load_script
from ivr.domain.prompts import Prompt

SOUNDS_SUBDIR = "callback"


@dataclass(frozen=True, slots=True)
class InstallReport:
    """Target files, relative to the sounds directory."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    custom: tuple[str, ...]
    """Ids for which the operator's own recording was taken."""


def install_prompts(
    sounds_dir: Path, *, prompts: Path | None = None, only_locales: Sequence[str] = ()
) -> InstallReport:
    """Install every locale (or `only_locales`) of `prompts` (default: the product's own).

    Checks everything before it writes anything, and replaces each file as a whole; a second run writes nothing.
    Raises PromptError when a built clip is missing or changed, or a custom recording cannot be played.
    """
    root = prompts or prompts_dir()
    known = locales(root)
    if missing := sorted(set(only_locales) - set(known)):
        message = f"{root} has no {', '.join(missing)}"
        raise PromptError("unknown-locale", message, f"there is {', '.join(known)}")
    plan: dict[str, Path | None] = {}
    custom: list[str] = []
    for locale in only_locales or known:
        plan |= _plan(root / locale, locale)
        custom += custom_clips(root / locale / CUSTOM_DIR)
    return _carry_out(plan, sounds_dir, tuple(custom))


def missing_prompts(sounds_dir: Path, locale: str) -> list[str]:
    """Files that the call flows need and that are not under `sounds_dir`, relative to it.

    An id counts as there when it has at least one rate: Asterisk converts from the other.
    """
    folder = sounds_dir / SOUNDS_SUBDIR / locale
    return [
        f"{SOUNDS_SUBDIR}/{locale}/{prompt}.wav"
        for prompt in Prompt
        if not any((folder / f"{prompt}{suffix}").is_file() for suffix in RATE_OF_SUFFIX)
    ]


def _plan(root: Path, locale: str) -> dict[str, Path | None]:
    """Source by target; None where a target has to go, because a custom recording lacks this rate."""
    script = load_script(root)
    manifest = read_manifest(root)
    own = custom_clips(root / CUSTOM_DIR)
    plan: dict[str, Path | None] = {}
    for key in script.clips:
        for output in script.files:
            name = output.of(key)
            suffix = Path(name).suffix
            target = f"{SOUNDS_SUBDIR}/{locale}/{key}{suffix}"
            if key in own:
                plan[target] = own[key].files.get(suffix)
                continue
            plan[target] = root / name
            entry = manifest.get(key)
            known = entry.files.get(name) if entry else None
            if known is None or not (root / name).is_file() or sha256_of(root / name) != known.sha256:
                message = f"{root / name} is missing or not the file that was built"
                raise PromptError("changed-file", message, "run `ivr prompts check`")
        if key in own:
            for path in own[key].files.values():
                require_playable(path)
    return plan


def _carry_out(plan: dict[str, Path | None], sounds_dir: Path, custom: tuple[str, ...]) -> InstallReport:
    written, unchanged, removed = [], [], []
    for name, source in plan.items():
        target = sounds_dir / name
        if source is None:
            if target.exists():
                target.unlink()
                removed.append(name)
            continue
        content = source.read_bytes()
        if target.is_file() and target.read_bytes() == content:
            unchanged.append(name)
            continue
        replace_file(target, content)
        written.append(name)
    return InstallReport(tuple(written), tuple(unchanged), tuple(removed), custom)
