"""What Asterisk is told to play for what is to be heard."""

from __future__ import annotations

import pytest

from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media, SpokenDigits, SpokenNumber
from ivr.switch.media import media_uris

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("media", "uris"),
    [
        (Prompt.OFFER, ["sound:callback/en-US/offer"]),
        (SpokenDigits("207"), ["sound:digits/2", "sound:digits/0", "sound:digits/7"]),
        (SpokenNumber(1), ["sound:digits/1"]),
        (SpokenNumber(14), ["sound:digits/14"]),
        (SpokenNumber(20), ["sound:digits/20"]),
        (SpokenNumber(35), ["sound:digits/30", "sound:digits/5"]),
        (SpokenNumber(90), ["sound:digits/90"]),
        (SpokenNumber(120), ["number:120"]),
    ],
)
def test_english(media: Media, uris: list[str]) -> None:
    assert media_uris(media, "en-US") == uris


def test_other_languages_have_asterisk_say_numbers() -> None:
    assert media_uris(SpokenNumber(21), "de-DE") == ["number:21"]
