"""The application's HTTP as an operator's program uses it."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

ANSWER_S = 10.0


class Api:
    """Requests with the key; an answer other than 2xx raises urllib.error.HTTPError."""

    def __init__(self, base: str, key: str) -> None:
        self._base, self._key = base, key

    def get(self, path: str, **query: str) -> Any:
        return self._ask("GET", path + (f"?{urllib.parse.urlencode(query)}" if query else ""))

    def post(self, path: str, **body: object) -> Any:
        return self._ask("POST", path, body)

    def patch(self, path: str, **body: object) -> Any:
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> Any:
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"x-api-key": self._key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            text = response.read()
        return json.loads(text) if text else None
