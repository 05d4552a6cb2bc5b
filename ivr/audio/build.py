"""Builds the clips of a prompt set; only what changed, and the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.build_dsp import join, level, resample, to_pcm, tones, wave_bytes
from ivr.audio.build_voice import speak
from ivr.audio.errors import PromptError
from ivr.audio.manifest import Entry, FileEntry, read_manifest, replace_file, sha256_of, write_manifest
from ivr.audio.script import Clip, Script, load_script
from ivr.audio.wave_facts import measure

_TONE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Which prompts were made again, left alone, and dropped because the script no longer has them."""

    built: tuple[str, ...]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]


def build_set(root: Path, *, only: Sequence[str] = (), force: bool = False) -> BuildReport:
    """Build the stale clips of the set at `root` (all of them with `force`; of `only` when ids are given)."""
    script = load_script(root)
    if unknown := sorted(set(only) - set(script.clips)):
        raise PromptError("unknown-id", f"not in {root / 'script.toml'}: {', '.join(unknown)}")
    old = read_manifest(root)
    entries: dict[str, Entry] = {key: entry for key, entry in old.items() if key in script.clips}
    wanted = [clip for key, clip in script.clips.items() if not only or key in only]
    stale = [clip for clip in wanted if force or not _is_fresh(script, clip, old.get(clip.id))]
    for clip in stale:
        entries[clip.id] = _build_clip(script, clip)
        # Written after every clip, so that an interrupted build has nothing to do twice.
        write_manifest(root, entries)
    dropped = sorted(set(old) - set(script.clips))
    for key in dropped:
        for name in old[key].files:
            (root / name).unlink(missing_ok=True)
    write_manifest(root, entries)
    built = tuple(clip.id for clip in stale)
    return BuildReport(built, tuple(c.id for c in wanted if c.id not in built), tuple(dropped))


def _is_fresh(script: Script, clip: Clip, entry: Entry | None) -> bool:
    if entry is None or entry.fingerprint != clip.fingerprint(script.files):
        return False
    paths = {name: script.root / name for name in entry.files}
    return all(path.is_file() and sha256_of(path) == entry.files[name].sha256 for name, path in paths.items())


def _build_clip(script: Script, clip: Clip) -> Entry:
    first_choice_s: float | None = None
    if clip.voice is None:
        sound = tones(clip.tones, _TONE_RATE_HZ)
    else:
        joined = join([speak(sentence, clip.voice) for sentence in clip.sentences], clip.pause_ms)
        sound = joined.sound
        first_choice_s = round(joined.first_sentence_end_s, 3) if clip.menu else None
    files: dict[str, FileEntry] = {}
    for output in script.files:
        name = output.of(clip.id)
        finished = level(resample(sound, output.rate_hz), clip.level_dbfs)
        replace_file(script.root / name, wave_bytes(finished))
        facts = measure(to_pcm(finished))
        files[name] = FileEntry(
            sha256=sha256_of(script.root / name),
            rate_hz=facts.rate_hz,
            duration_s=facts.duration_s,
            rms_dbfs=facts.rms_dbfs,
            peak_dbfs=facts.peak_dbfs,
        )
    return Entry(
        text=clip.text,
        fingerprint=clip.fingerprint(script.files),
        engine=clip.voice.engine if clip.voice else "tone generator",
        voice=clip.voice.name if clip.voice else "-",
        licence=clip.voice.licence if clip.voice else "Apache-2.0",
        duration_s=max(entry.duration_s for entry in files.values()),
        rms_dbfs=next(iter(files.values())).rms_dbfs,
        files=files,
        first_choice_s=first_choice_s,
    )
