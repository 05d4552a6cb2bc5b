"""Proves that a prompt set is complete, unchanged since it was built, and sounds as agreed.

Needs the standard library only, so that an installation without the audio packages can check itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.custom import CUSTOM_DIR, RATE_OF_SUFFIX, CustomClip, custom_clips, require_playable
from ivr.audio.errors import PromptError
from ivr.audio.manifest import Entry, read_manifest, sha256_of
from ivr.audio.script import Clip, OutputFile, Script, load_script
from ivr.audio.wave_facts import WaveFacts, measure, read_wave
from ivr.domain.prompts import Prompt

LEVEL_TOLERANCE_DB = 1.0
PEAK_LIMIT_DBFS = -3.0
LEAD_SILENCE_S = (0.02, 0.05)
TAIL_SILENCE_MAX_S = 0.2
_EDGE_STEP_S = 0.005
"""Silence is measured in steps of this length."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be; `code` is stable."""

    prompt_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in one set."""

    root: Path
    locale: str
    checked: int
    duration_s: float
    custom: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def check_set(root: Path) -> CheckReport:
    """Check the set at `root`. Raises PromptError only when there is no readable script or manifest."""
    script = load_script(root)
    manifest = read_manifest(root)
    custom = custom_clips(root / CUSTOM_DIR)
    problems = [*_script_problems(script)]
    for clip in script.clips.values():
        # A locale without an engine that speaks it is made of recordings only.
        if clip.id in manifest or clip.id not in custom:
            problems += _clip_problems(script, clip, manifest.get(clip.id))
    problems += _stray_files(script)
    problems += _custom_problems(script, custom)
    return CheckReport(
        root=root,
        locale=script.locale,
        checked=len(script.clips),
        duration_s=round(sum(e.duration_s for key, e in manifest.items() if key in script.clips), 2),
        custom=tuple(custom),
        problems=tuple(problems),
    )


def _script_problems(script: Script) -> Iterator[Problem]:
    if script.root.name != script.locale and script.product:
        yield Problem("", "wrong-locale", f"the script says {script.locale}, the directory {script.root.name}")
    if not script.product:
        return
    used = {prompt.value for prompt in Prompt}
    for missing in sorted(used - set(script.clips)):
        yield Problem(missing, "missing-id", "the call flows use it, the script does not have it")
    for unused in sorted(set(script.clips) - used):
        yield Problem(unused, "unused-id", "in the script, but no call flow knows it")
    rates = {output.rate_hz for output in script.files}
    for rate_hz in sorted(set(RATE_OF_SUFFIX.values()) - rates):
        yield Problem("", "missing-rate", f"the set is not built at {rate_hz} Hz")


def _clip_problems(script: Script, clip: Clip, entry: Entry | None) -> Iterator[Problem]:
    if entry is None:
        yield Problem(clip.id, "not-built", "not in the manifest; run `ivr prompts build`")
        return
    if entry.fingerprint != clip.fingerprint(script.files):
        yield Problem(clip.id, "stale", "text or voice changed since it was built; run `ivr prompts build`")
    if clip.menu and (entry.first_choice_s is None or entry.first_choice_s > script.first_choice_s):
        heard = "never" if entry.first_choice_s is None else f"after {entry.first_choice_s:.2f} s"
        yield Problem(
            clip.id, "late-choice", f"the first key is heard {heard}, not within {script.first_choice_s:g} s"
        )
    for output in script.files:
        yield from _file_problems(script, clip, entry, output)


def _file_problems(script: Script, clip: Clip, entry: Entry, output: OutputFile) -> Iterator[Problem]:
    name = output.of(clip.id)
    path = script.root / name
    if not path.is_file():
        yield Problem(clip.id, "missing-file", f"{name} does not exist")
        return
    known = entry.files.get(name)
    if known is None or sha256_of(path) != known.sha256:
        yield Problem(clip.id, "changed-file", f"{name} is not the file that was built")
    try:
        facts = measure(read_wave(path))
    except PromptError as error:
        yield Problem(clip.id, error.code, str(error))
        return
    for code, message in _sound_problems(script, clip, output, facts):
        yield Problem(clip.id, code, f"{name} {message}")


def _sound_problems(script: Script, clip: Clip, output: OutputFile, facts: WaveFacts) -> Iterator[tuple[str, str]]:
    if facts.rate_hz != output.rate_hz:
        yield "wrong-rate", f"has {facts.rate_hz} Hz, not {output.rate_hz}"
    if facts.duration_s > script.max_duration_s:
        yield "too-long", f"lasts {facts.duration_s:.1f} s, more than {script.max_duration_s:g} s"
    if abs(facts.rms_dbfs - clip.level_dbfs) > LEVEL_TOLERANCE_DB:
        yield "wrong-level", f"is at {facts.rms_dbfs:.1f} dBFS, not at {clip.level_dbfs:g}"
    if facts.peak_dbfs > PEAK_LIMIT_DBFS:
        yield "too-loud", f"peaks at {facts.peak_dbfs:.1f} dBFS, over {PEAK_LIMIT_DBFS:g}"
    if clip.tones:
        return
    shortest_s, longest_s = LEAD_SILENCE_S
    if not shortest_s - _EDGE_STEP_S <= facts.lead_silence_s <= longest_s + _EDGE_STEP_S:
        yield "bad-lead", f"begins with {1000 * facts.lead_silence_s:.0f} ms of silence"
    if facts.tail_silence_s > TAIL_SILENCE_MAX_S:
        yield "long-tail", f"ends with {1000 * facts.tail_silence_s:.0f} ms of silence"


def _stray_files(script: Script) -> Iterator[Problem]:
    expected = {script.root / output.of(key) for key in script.clips for output in script.files}
    custom = script.root / CUSTOM_DIR
    for path in sorted(script.root.rglob("*.wav*")):
        if path not in expected and custom not in path.parents:
            yield Problem(path.stem, "unknown-file", f"{path.relative_to(script.root)} belongs to no prompt")


def _custom_problems(script: Script, custom: Mapping[str, CustomClip]) -> Iterator[Problem]:
    for key, clip in custom.items():
        if key not in script.clips:
            yield Problem(key, "unknown-file", f"{CUSTOM_DIR}/{key} belongs to no prompt")
        for path in clip.files.values():
            try:
                require_playable(path)
            except PromptError as error:
                yield Problem(key, error.code, str(error))
