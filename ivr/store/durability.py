"""Whether a Redis server keeps what it has answered for."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.store.port import Durability


def judge(settings: Mapping[str, str]) -> Durability:
    """From `appendonly` and `appendfsync`: a promise spoken to a caller must survive the machine that stored it."""
    appendonly, appendfsync = settings.get("appendonly"), settings.get("appendfsync")
    if appendonly is None or appendfsync is None:
        return Durability(None, "the server does not tell appendonly and appendfsync")
    found = f"appendonly {appendonly}, appendfsync {appendfsync}"
    if appendonly != "yes":
        return Durability(False, f"{found}: a crash loses callbacks; set appendonly yes and appendfsync always")
    if appendfsync != "always":
        return Durability(False, f"{found}: a crash loses the last second's callbacks; set appendfsync always")
    return Durability(True, found)
