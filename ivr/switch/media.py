"""What Asterisk is told to play."""

from __future__ import annotations

from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media, SpokenDigits, SpokenNumber


def media_uri(media: Media, locale: str) -> str:
    """The URI of one thing to be heard; `locale` names the folder of the prompts, such as en-US."""
    match media:
        case Prompt():
            return f"sound:callback/{locale}/{media}"
        case SpokenDigits(digits):
            return f"digits:{digits}"
        case SpokenNumber(value):
            return f"number:{value}"


def language(locale: str) -> str:
    """The language of Asterisk's own sounds for a locale: en for en-US."""
    return locale.partition("-")[0]
