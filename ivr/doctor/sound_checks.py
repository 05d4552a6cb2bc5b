"""What callers hear: our prompts, and Asterisk's own sounds for digits and numbers."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from ivr.ari.errors import AriNotFound
from ivr.audio.install import SOUNDS_SUBDIR
from ivr.doctor.check import Finding, failed, ok, some, warning
from ivr.doctor.explain import is_missing_module
from ivr.doctor.patient import Patient
from ivr.domain.prompts import Prompt
from ivr.switch.media import language

# Asterisk's names for what is in a .wav and in a .wav16 file.
_NARROW: Final = "slin"
_WIDE: Final = "slin16"
# What is said are digits one by one, and whole numbers up to 90.
_SPOKEN: Final = (*range(21), 30, 40, 50, 60, 70, 80, 90)


async def prompts(patient: Patient, locale: str) -> Finding:
    """Every prompt of a locale is where Asterisk looks for it, in both rates."""
    # Asterisk takes each directory of its sounds for a language; ours is called callback.
    formats = await _sounds(patient, SOUNDS_SUBDIR)
    found = {prompt: formats.get(f"{locale}/{prompt}", set()) for prompt in Prompt}
    missing = [prompt for prompt, there in found.items() if not there]
    if missing:
        sounds = await _sounds_dir(patient)
        return failed(
            f"{len(missing)} of {len(found)} are not in {sounds}/{SOUNDS_SUBDIR}/{locale}: {some(missing)}",
            f"on Asterisk's machine: `ivr prompts install {sounds}`, and let the user of Asterisk read them",
        )
    one_rate = [prompt for prompt, there in found.items() if not {_NARROW, _WIDE} <= there]
    if one_rate:
        return warning(
            f"in one rate only, to be converted in every call: {some(one_rate)}",
            f"`ivr prompts install {await _sounds_dir(patient)}`; for a recording of your own: `ivr prompts adopt`",
        )
    return ok(f"{len(found)} prompts, each for 8 and 16 kHz")


async def numbers(patient: Patient, locale: str) -> Finding:
    """Asterisk can say digits and numbers in the language of a locale."""
    spoken = language(locale)
    formats = await _sounds(patient, spoken)
    missing = [f"digits/{number}" for number in _SPOKEN if f"digits/{number}" not in formats]
    if missing:
        return failed(
            f"Asterisk has no {some(missing)} in {spoken}",
            f"install Asterisk's core sounds: `apt-get install asterisk-core-sounds-{spoken}`, or CORE-SOUNDS-"
            f"{spoken.upper()}-WAV in `make menuselect`",
        )
    return ok(f"digits and numbers in {spoken}")


async def _sounds(patient: Patient, of_language: str) -> dict[str, set[str]]:
    """The formats of every sound that Asterisk has in a language, by the sound's id."""
    try:
        sounds = await patient.ari.sounds.list(language=of_language)
    except AriNotFound as error:
        if is_missing_module(error):
            raise
        return {}
    formats = defaultdict[str, set[str]](set)
    for sound in sounds:
        formats[sound.id] |= {pair.format for pair in sound.formats if pair.language == of_language}
    return formats


async def _sounds_dir(patient: Patient) -> str:
    """Asterisk's directory of sounds, on its machine."""
    return f"{await patient.ari.asterisk.get_variable('ASTDATADIR') or '/var/lib/asterisk'}/sounds"
