"""The configured services: what the settings file says, and over it what was changed while running."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import structlog

from ivr.domain.callback import Callback
from ivr.service.builtins import Builtins
from ivr.service.errors import InvalidParameter, StorageFailed, UnknownService
from ivr.service.options import FIELDS, OptionsRefused, ServiceOptions, field_of
from ivr.service.problems import nearest
from ivr.store.port import StoreError

_log = structlog.get_logger(__name__)


class OptionsStore(Protocol):
    """Keeps what was changed."""

    async def changed_options(self, service: str) -> dict[str, str]: ...

    async def change_options(
        self, service: str, changes: Mapping[str, str | None], kind: str, data: Mapping[str, str]
    ) -> None:
        """Set options, None to fall back to the file, and log `kind`, in one step."""


@dataclass(frozen=True, slots=True)
class Change:
    """One option before and after."""

    option: str
    old: str
    new: str


class Catalog:
    """The options of every service as they are now."""

    def __init__(
        self, services: Mapping[str, ServiceOptions], store: OptionsStore, builtins: Builtins | None = None
    ) -> None:
        """`builtins` are what the services may refer to by name."""
        self.builtins = builtins or Builtins()
        self._of_file = dict(services)
        self._now = dict(services)
        self._store = store
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Put what was changed, here or by another process, over the file. A change that is no longer valid is left
        out, and said. Raises StorageFailed.
        """
        for name, options in self._of_file.items():
            try:
                changed = await self._store.changed_options(name)
            except StoreError as error:
                raise StorageFailed(str(error)) from error
            self._now[name] = _as_far_as_valid(name, options, changed, self.builtins)

    def get(self, service: str) -> ServiceOptions:
        """Raises UnknownService."""
        try:
            return self._now[service]
        except KeyError:
            raise UnknownService(service, self._now) from None

    def for_callback(self, callback: Callback) -> ServiceOptions:
        """The options that hold for one callback: its service's, and over them what its request was allowed to set.

        Raises UnknownService.
        """
        options = self.get(callback.service)
        return _as_far_as_valid(callback.service, options, callback.overrides, self.builtins)

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    async def change(self, service: str, changes: Mapping[str, Any], *, who: str) -> list[Change]:
        """Set options from now on, None to fall back to the file; all or nothing. Returns what became different.

        Raises UnknownService, InvalidParameter, StorageFailed.
        """
        async with self._changing:
            return await self._change(service, changes, who)

    def describe(self, service: str) -> dict[str, dict[str, Any]]:
        """Every option of a service: value, what the file says, default, type, unit, range, help and level."""
        options, file = self.get(service), self._of_file[service]
        return {name: {"value": options.value(name), "file": file.value(name), **_described(name)} for name in FIELDS}

    async def _change(self, service: str, changes: Mapping[str, Any], who: str) -> list[Change]:
        old = self.get(service)
        for name in changes:
            if name not in FIELDS:
                raise InvalidParameter(name, f"unknown option{nearest(name, FIELDS)}")
        file = self._of_file[service]
        wanted = {name: file.value(name) if value is None else value for name, value in changes.items()}
        try:
            new = old.overridden(wanted)
        except OptionsRefused as refused:
            raise InvalidParameter("", str(refused)) from None
        self.builtins.check(new)
        stored = {name: None if changes[name] is None else new.text(name) for name in changes}
        made = [Change(name, old.text(name), new.text(name)) for name in changes if old.text(name) != new.text(name)]
        data = {"who": who} | {c.option: f"{c.old} -> {c.new}" for c in made}
        try:
            await self._store.change_options(service, stored, "options_changed", data)
        except StoreError as error:
            raise StorageFailed(str(error)) from error
        self._now[service] = new
        _log.info(
            "options changed", service=service, who=who, changes=[f"{c.option}: {c.old} -> {c.new}" for c in made]
        )
        return made


def describe_options() -> dict[str, dict[str, Any]]:
    """Every option there is, with its default, type, unit, range, help and level."""
    return {name: _described(name) for name in FIELDS}


@cache
def _described(name: str) -> dict[str, Any]:
    schema = _schema()[name]
    field = field_of(name)
    extra = field.json_schema_extra
    default = field.default
    return {
        "default": ",".join(default) if isinstance(default, tuple) else default,
        "type": "names" if isinstance(default, tuple) else schema.get("type", "string"),
        "unit": extra.get("unit") if isinstance(extra, dict) else "",
        "level": extra.get("level") if isinstance(extra, dict) else "normal",
        "help": field.description,
        **({"minimum": schema["minimum"], "maximum": schema["maximum"]} if "minimum" in schema else {}),
        **({"choices": schema["enum"]} if "enum" in schema else {}),
    }


@cache
def _schema() -> dict[str, Any]:
    properties: dict[str, Any] = ServiceOptions.model_json_schema(by_alias=True)["properties"]
    return properties


def _as_far_as_valid(
    service: str, options: ServiceOptions, changed: Mapping[str, str], builtins: Builtins
) -> ServiceOptions:
    if not changed:
        return options
    try:
        return _valid(options, changed, builtins)
    except (OptionsRefused, InvalidParameter):
        pass
    for name, value in changed.items():
        try:
            options = _valid(options, {name: value}, builtins)
        except (OptionsRefused, InvalidParameter) as refused:
            _log.warning("a stored option is not valid any more", service=service, option=name, problem=str(refused))
    return options


def _valid(options: ServiceOptions, changed: Mapping[str, str], builtins: Builtins) -> ServiceOptions:
    new = options.overridden(changed)
    builtins.check(new)
    return new
