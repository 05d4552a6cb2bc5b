"""Whether this program can do its work now, part by part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

PARTS: Final = ("ari", "ami", "redis")
_PROBE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part: whether it works, and for a person why not."""

    up: bool
    detail: str = ""


class Health:
    """What is known of the parts. A part nobody has spoken for yet is down."""

    def __init__(self, parts: Iterable[str] = PARTS) -> None:
        self._parts = {part: PartHealth(False, "not started yet") for part in parts}
        self._probes: dict[str, Callable[[], Awaitable[None]]] = {}

    def up(self, part: str, detail: str = "") -> None:
        self._parts[part] = PartHealth(True, detail)

    def down(self, part: str, why: str) -> None:
        self._parts[part] = PartHealth(False, why)

    def probe(self, part: str, ask: Callable[[], Awaitable[None]]) -> None:
        """Have `part` asked at each check; it is down when `ask` raises or takes more than 3 s."""
        self._probes[part] = ask

    async def check(self) -> dict[str, PartHealth]:
        """All parts as they are now, the probed ones asked at once."""
        await asyncio.gather(*(self._ask(part, ask) for part, ask in self._probes.items()))
        return dict(self._parts)

    def known(self) -> dict[str, PartHealth]:
        """All parts as they were last heard of."""
        return dict(self._parts)

    async def _ask(self, part: str, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(_PROBE_S):
                await ask()
        except TimeoutError:
            self.down(part, f"no answer within {_PROBE_S:g} s")
        except Exception as error:  # noqa: BLE001  # whatever a probe raises is the answer to "does it work?"
            self.down(part, str(error) or type(error).__name__)
        else:
            self.up(part)
