"""What Asterisk is told to play.

Digits and numbers are played as the single sounds they are made of: a `digits:` or `number:` URI cannot be silenced
once it has begun, and callers do press 1 in the middle of their own number.
"""

from __future__ import annotations

from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media, SpokenDigits, SpokenNumber


def media_uris(media: Media, locale: str) -> list[str]:
    """The URIs of one thing to be heard; `locale` names the folder of the prompts, such as en-US."""
    match media:
        case Prompt():
            return [f"sound:callback/{locale}/{media}"]
        case SpokenDigits(digits):
            return [f"sound:digits/{digit}" for digit in digits]
        case SpokenNumber(value) if language(locale) == "en" and 0 <= value < 100:
            return [f"sound:digits/{part}" for part in _english(value)]
        case SpokenNumber(value):
            return [f"number:{value}"]


def language(locale: str) -> str:
    """The language of Asterisk's own sounds for a locale: en for en-US."""
    return locale.partition("-")[0]


def _english(value: int) -> list[int]:
    if value <= 20 or value % 10 == 0:
        return [value]
    return [value // 10 * 10, value % 10]
