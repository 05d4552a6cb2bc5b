"""multipart/form-data with text fields, nothing more.

The standard library's parser takes seconds for 64 KiB of nested parts, in the event loop; a form has no nested parts.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from ivr.service.errors import InvalidParameter

_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"\x00-\x1f]{1,70})"|([^\s;"]{1,70}))', re.ASCII | re.IGNORECASE)
_NAME: Final = re.compile(rb';\s*name=(?:"([^"\x00-\x1f]*)"|([^\s;"]+))', re.IGNORECASE)
_FILE: Final = re.compile(rb";\s*filename\*?=", re.IGNORECASE)
_PLAIN: Final = frozenset({b"7bit", b"8bit", b"binary"})


def parse_form(content_type: str, body: bytes, *, max_fields: int) -> list[tuple[str, bytes]]:
    """Names and contents of the fields, in their order. Raises InvalidParameter."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        _refuse("the Content-Type names no boundary")
    delimiter = b"\r\n--" + (found[1] or found[2]).encode(errors="surrogateescape")
    _preamble, *parts = (b"\r\n" + body).split(delimiter, max_fields + 2)
    if not parts or not parts[-1].startswith(b"--"):
        _refuse(f"its end is missing, or it has more than {max_fields} fields")
    return [_field(part) for part in parts[:-1]]


def _field(part: bytes) -> tuple[str, bytes]:
    padding, line_end, rest = part.partition(b"\r\n")
    head, blank, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if padding.strip(b" \t") or not line_end or not blank:
        _refuse("a part is not header lines, an empty line and a text")
    headers = dict(_header(line) for line in head.split(b"\r\n") if line)
    disposition = headers.get(b"content-disposition", b"")
    name = _NAME.search(disposition)
    if name is None or not disposition.lower().startswith(b"form-data"):
        _refuse("each part is a field with a name")
    if _FILE.search(disposition) or headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
        _refuse("files are not taken")
    if headers.get(b"content-transfer-encoding", b"binary").lower() not in _PLAIN:
        _refuse("a part is sent as it is, without a transfer encoding")
    try:
        return (name[1] if name[1] is not None else name[2]).decode(), content
    except UnicodeDecodeError:
        _refuse("a name is not UTF-8 text")


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _refuse(why: str) -> NoReturn:
    raise InvalidParameter("body", f"is not a multipart form: {why}")
