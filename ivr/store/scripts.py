"""The Lua that changes several keys in one step.

A script is called by its digest; a server that has not seen it, or has restarted since, gets the text again.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError


class Script:
    """One script of `ivr/store/lua`."""

    def __init__(self, *parts: str) -> None:
        folder = files("ivr.store") / "lua"
        self.text = "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in parts)
        self._digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Redis, keys: Sequence[str], args: Sequence[str]) -> Any:
        try:
            return await redis.evalsha(self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self.text, len(keys), *keys, *args)


CREATE: Final = Script("_record", "_admission", "create")
SAVE: Final = Script("_record", "_admission", "save")
BOOKED: Final = Script("booked")
PAUSE: Final = Script("pause")
CLAIM: Final = Script("claim")
RENEW: Final = Script("renew")
RELEASE: Final = Script("release")
LINE: Final = Script("line")
OPTIONS: Final = Script("options")
