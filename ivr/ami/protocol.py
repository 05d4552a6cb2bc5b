"""AMI's wire form: headers, one a line, and an empty line after each message. Pure, and deaf to nonsense."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivr.ami.errors import AmiInvalidRequest

MAX_MESSAGE_BYTES = 256 * 1024

_END = b"\r\n\r\n"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
# Beside line breaks there is no use for other control characters in an action either.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class AmiMessage:
    """A response or an event. Header names do not depend on case. The headers are read when first asked for."""

    __slots__ = ("_headers", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._headers: dict[str, str | list[str]] | None = None

    @property
    def event(self) -> str:
        """The event's name; empty for a response. Cheap: most events concern nobody."""
        if self._raw[:7].lower() == b"event: ":
            return self._raw[7:].partition(b"\r\n")[0].decode("utf-8", "replace")
        return self.get("event")

    @property
    def response(self) -> str:
        """Success, Error and so on; empty for an event."""
        return self.get("response")

    @property
    def action_id(self) -> str:
        """Which action it answers; empty when none."""
        if self._headers is None and b"\r\nActionID:" not in self._raw and not self._raw.startswith(b"ActionID:"):
            return ""
        return self.get("actionid")

    def get(self, name: str, default: str = "") -> str:
        """A header's value; the first one, when there are several."""
        value = self._parsed().get(name.lower(), default)
        return value[0] if isinstance(value, list) else value

    def all(self, name: str) -> list[str]:
        """Every value of a header that may come more than once."""
        value = self._parsed().get(name.lower(), [])
        return value if isinstance(value, list) else [value]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parsed()

    def __repr__(self) -> str:
        return f"AmiMessage({self._raw!r})"

    def _parsed(self) -> dict[str, str | list[str]]:
        if self._headers is None:
            self._headers = _headers(self._raw)
        return self._headers


class AmiParser:
    """Cuts what arrives into messages. Never raises; what is too long to be a message is dropped and counted."""

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.banner = ""
        """What the server said first, such as "Asterisk Call Manager/11.0.0"."""
        self.dropped = 0
        """Messages that were too long."""
        self._max = max_message_bytes
        self._buffer = bytearray()
        self._greeted = False
        self._skipping = False

    def feed(self, data: bytes) -> list[AmiMessage]:
        """The messages that `data` completes, in order."""
        # What was here before has no end in it, except that one may begin in its last three bytes.
        search = max(0, len(self._buffer) - len(_END) + 1)
        self._buffer += data
        if not self._greeted:
            if not self._greet():
                return []
            search = 0
        messages = []
        begin = 0
        while (end := self._buffer.find(_END, search)) >= 0:
            raw = bytes(self._buffer[begin:end]).lstrip(b"\r\n")
            begin = search = end + len(_END)
            if self._skipping:
                self._skipping = False
            elif len(raw) > self._max:
                self.dropped += 1
            elif raw:
                messages.append(AmiMessage(raw))
        del self._buffer[:begin]
        self._bound()
        return messages

    def _greet(self) -> bool:
        """Take the first line off. False while there is none yet."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self._bound()
            return False
        first = bytes(self._buffer[:end])
        self._greeted = True
        # A server without a greeting begins with a header at once: leave it where it is.
        if b":" not in first:
            self.banner = first.decode("utf-8", "replace")
            del self._buffer[: end + 2]
        return True

    def _bound(self) -> None:
        """Let an endless message grow no further; what is kept is the possible beginning of its end."""
        if len(self._buffer) > self._max:
            if not self._skipping:
                self.dropped += 1
            self._skipping = True
            self._greeted = True
            del self._buffer[: -len(_END) + 1]


def encode_action(action: str, action_id: str, headers: Mapping[str, str]) -> bytes:
    """An action as it goes over the wire. Raises AmiInvalidRequest rather than send what is not one action."""
    lines = []
    for name, value in (("Action", action), ("ActionID", action_id), *headers.items()):
        if not _NAME.fullmatch(name):
            raise AmiInvalidRequest(f"not a header name: {name!r}")
        if _CONTROL.search(value):
            raise AmiInvalidRequest(f"the header {name} has a control character: {value!r}")
        lines.append(f"{name}: {value}\r\n")
    return "".join((*lines, "\r\n")).encode()


def _headers(raw: bytes) -> dict[str, str | list[str]]:
    """The headers by their names in lower case; lines that are no header are passed over."""
    headers: dict[str, str | list[str]] = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name = name.lower()
        value = value.removeprefix(" ")
        before = headers.get(name)
        if before is None:
            headers[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            headers[name] = [before, value]
    return headers
