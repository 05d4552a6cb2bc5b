"""Refuses to send what can only be a mistake or an attack."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.ari.errors import AriInvalidRequest

# Asterisk's own limit of a unique id, less the ";2" that it adds for the far half of a Local channel.
MAX_ID = 147
# Asterisk starts a playback of any other scheme and then never says that it ended.
MEDIA_SCHEMES = ("sound", "recording", "number", "digits", "characters", "tone")

# A line break in a caller id or in a variable could end up as a header of its own in a SIP message.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_text(value: str, what: str) -> str:
    """The same text, without control characters in it. Raises AriInvalidRequest."""
    if _CONTROL.search(value):
        raise AriInvalidRequest(f"{what} has a control character: {value!r}")
    return value


def checked_id(value: str, what: str) -> str:
    """The same id, fit for a path and for Asterisk. Raises AriInvalidRequest."""
    if not value or value in (".", ".."):
        raise AriInvalidRequest(f"{what} is no id: {value!r}")
    if len(value.encode()) > MAX_ID:
        raise AriInvalidRequest(f"{what} is longer than {MAX_ID} bytes")
    return checked_text(value, what)


def joined_list(values: Sequence[str], what: str) -> str:
    """A list as Asterisk wants it: parted by commas, which no value may have. Raises AriInvalidRequest."""
    for value in values:
        if "," in value:
            raise AriInvalidRequest(f"{what} has a comma: {value!r}")
    return ",".join(values)


def joined_media(media: str | Sequence[str]) -> str:
    """One or more media URIs for a play request. Raises AriInvalidRequest."""
    uris = [media] if isinstance(media, str) else list(media)
    if not uris:
        raise AriInvalidRequest("nothing to play")
    for uri in uris:
        scheme, colon, rest = uri.partition(":")
        if scheme not in MEDIA_SCHEMES or not colon or not rest:
            raise AriInvalidRequest(f"not a media URI: {uri!r}; it begins with one of {', '.join(MEDIA_SCHEMES)}")
    return joined_list(uris, "a media URI")
