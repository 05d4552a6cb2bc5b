"""The settings file: one TOML file, checked as a whole before anything starts.

Secrets may stand in files of their own (`ari_password_file = "..."`) or come from the environment; REDIS_URL there
wins over the file. Whatever is wrong is told with file, line, option and what would be valid, all at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from ivr.service.builtins import Builtins
from ivr.service.capacities import read_capacity
from ivr.service.office_hours import read_office_hours
from ivr.service.options import OptionsRefused, ServiceOptions, is_service_name, service_options
from ivr.service.patterns import read_patterns
from ivr.service.problems import nearest, problem_text

Port = Annotated[int, Field(ge=1, le=65535)]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Secret = Annotated[SecretStr, Field(min_length=1)]


class SettingsRefused(Exception):
    """The settings cannot be used. `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AsteriskSettings(_Section):
    """Where Asterisk is. The account needs `read=agent` in manager.conf and an ARI user of its own."""

    ari_url: str = Field("http://127.0.0.1:8088/ari", pattern=r"^https?://[^/\s]+(/[^\s]*)?$")
    ari_user: str = Field(min_length=1)
    ari_password: Secret
    ami_host: str = Field("127.0.0.1", min_length=1)
    ami_port: Port = 5038
    ami_user: str = Field(min_length=1)
    ami_password: Secret
    app: str = Field("callback", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    trunk: str = Field("carrier", pattern=r"^[A-Za-z0-9_.-]{1,64}$")


class RedisSettings(_Section):
    url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"))
    """May hold a password, so it is kept as a secret."""


class HttpSettings(_Section):
    host: str = Field("127.0.0.1", min_length=1)
    port: Port = 8080
    api_key: Annotated[SecretStr, Field(min_length=16)]


class PromptsSettings(_Section):
    locale: Locale = "en-US"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class LogSettings(_Section):
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    format: Annotated[Literal["json", "console"], BeforeValidator(_lower)] = "json"
    mask_numbers: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the settings file and the environment say."""

    asterisk: AsteriskSettings
    redis: RedisSettings
    http: HttpSettings
    prompts: PromptsSettings
    log: LogSettings
    services: Mapping[str, ServiceOptions]
    builtins: Builtins = field(default_factory=Builtins)


_SECTIONS: Final[dict[str, type[_Section]]] = {
    "asterisk": AsteriskSettings,
    "redis": RedisSettings,
    "http": HttpSettings,
    "prompts": PromptsSettings,
    "log": LogSettings,
}
_SECRETS: Final = {"asterisk": ("ari_password", "ami_password"), "redis": ("url",), "http": ("api_key",)}
_ENVIRONMENT: Final = {
    "IVR_ARI_PASSWORD": ("asterisk", "ari_password"),
    "IVR_AMI_PASSWORD": ("asterisk", "ami_password"),
    "IVR_API_KEY": ("http", "api_key"),
    "REDIS_URL": ("redis", "url"),
}
_KINDS: Final = {"ors": "callback", "callback": "callback", "office-hours": "office-hours", "capacity": "capacity"}
"""What a service is by its `_type`; also by its `_service`, where its `_type` is `builtin`."""
_REDIS_URL: Final = re.compile(r"(rediss?://\S+|unix://\S+)")


def load_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings in `path`, with the secrets of `environment`. Raises SettingsRefused."""
    try:
        text = path.read_bytes().decode()
        tables = tomllib.loads(text)
    except OSError as error:
        raise SettingsRefused([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SettingsRefused([f"{path}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused([f"{path}: is not TOML: {error}"]) from None
    return _Reading(path, text, tables, environment).settings()


class _Reading:
    """One file as it is read; problems are collected, to be told together."""

    def __init__(self, path: Path, text: str, tables: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._path, self._tables, self._environment = path, tables, environment
        self._lines = _lines_of(text)
        self._problems: list[str] = []

    def settings(self) -> Settings:
        for name in self._tables.keys() - _SECTIONS.keys() - {"service", "patterns"}:
            self._refuse("", name, f"unknown section{nearest(name, [*_SECTIONS, 'service', 'patterns'])}")
        sections = {name: self._section(name, model) for name, model in _SECTIONS.items()}
        asterisk, prompts = sections["asterisk"], sections["prompts"]
        tables = self._service_tables()
        builtins = self._builtins(tables)
        services = self._services(
            tables.get("callback", {}),
            builtins,
            trunk=asterisk.trunk if isinstance(asterisk, AsteriskSettings) else "carrier",
            language=prompts.locale if isinstance(prompts, PromptsSettings) else "en-US",
        )
        if self._problems:
            raise SettingsRefused(self._problems)
        return Settings(**sections, services=services, builtins=builtins)  # type: ignore[arg-type]  # each was made by its own model

    def _section(self, name: str, model: type[_Section]) -> _Section | None:
        table = self._tables.get(name, {})
        if not isinstance(table, dict):
            self._refuse("", name, f"a section is wanted: [{name}]")
            return None
        values = self._with_secrets(name, table)
        before = len(self._problems)
        known = [*model.model_fields, *(f"{secret}_file" for secret in _SECRETS.get(name, ()))]
        for option in values.keys() - model.model_fields.keys():
            self._refuse(name, option, f"unknown option{nearest(option, known)}")
            del values[option]
        url = values.get("url") if name == "redis" else None
        if isinstance(url, str) and not _REDIS_URL.fullmatch(url):
            self._refuse(name, "url", "redis://HOST:PORT/DB, rediss:// or unix:///PATH is wanted")
        try:
            made = model.model_validate(values)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=True):
                self._refuse(name, str(each["loc"][0]), self._told(name, str(each["loc"][0]), each))
            return None
        return made if len(self._problems) == before else None

    def _with_secrets(self, section: str, table: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(table)
        for option in _SECRETS.get(section, ()):
            named = values.pop(f"{option}_file", None)
            if named is not None:
                if option in values:
                    self._refuse(section, f"{option}_file", f"either this or {option}, not both")
                values[option] = self._read_secret(section, f"{option}_file", named)
        for variable, (of_section, option) in _ENVIRONMENT.items():
            if of_section == section and self._environment.get(variable):
                values[option] = self._environment[variable]
        return values

    def _read_secret(self, section: str, option: str, named: object) -> str:
        if not isinstance(named, str):
            self._refuse(section, option, "the name of a file is wanted")
            return "-" * 16
        try:
            secret = (self._path.parent / named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(section, option, f"{named} cannot be read: {error}")
            return "-" * 16
        return secret

    def _service_tables(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The tables of the services by kind and name."""
        found: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _KINDS.values()}
        for name, table in self._named_tables("service", "a service").items():
            values = dict(table)
            kind = values.pop("_type", "ors")
            option = "_type"
            if kind == "builtin":
                option, kind = "_service", values.pop("_service", None)
            if not isinstance(kind, str) or kind not in _KINDS:
                wanted = "office-hours or capacity" if option == "_service" else "ors, office-hours or capacity"
                self._refuse(f"service.{name}", option, f"{wanted} is wanted")
            else:
                found[_KINDS[kind]][name] = values
        return found

    def _builtins(self, tables: Mapping[str, Mapping[str, dict[str, Any]]]) -> Builtins:
        def refuse(service: str, option: str, problem: str) -> None:
            self._refuse(f"service.{service}", option, problem)

        today = datetime.now(UTC).date()
        hours = read_office_hours(tables["office-hours"], self._path.parent, today, refuse)
        capacities = {name: read_capacity(table, partial(refuse, name)) for name, table in tables["capacity"].items()}
        patterns = {}
        for name, table in self._named_tables("patterns", "a group of patterns").items():
            problems: list[tuple[str, str]] = []
            patterns[name] = read_patterns(table, problems)
            for option, problem in problems:
                self._refuse(f"patterns.{name}", option, problem)
        return Builtins(hours, capacities, patterns)

    def _services(
        self, tables: Mapping[str, dict[str, Any]], builtins: Builtins, *, trunk: str, language: str
    ) -> dict[str, ServiceOptions]:
        if not tables and not self._problems:
            self._refuse("", "service", "at least one service is wanted: [service.NAME]")
        services = {}
        for name, table in tables.items():
            section = f"service.{name}"
            try:
                services[name] = service_options(name, table, trunk=trunk, language=language)
            except OptionsRefused as refused:
                for option, problem in refused.problems:
                    self._refuse(section, option, problem)
                continue
            for option, problem in builtins.problems(services[name]):
                self._refuse(section, option, problem)
        return services

    def _named_tables(self, section: str, what: str) -> dict[str, dict[str, Any]]:
        """The tables `[section.NAME]`; the rest is refused."""
        tables = self._tables.get(section, {})
        if not isinstance(tables, dict):
            self._refuse("", section, f"{what} is a section of its own: [{section}.NAME]")
            return {}
        for name, table in tables.items():
            if not isinstance(table, dict):
                self._refuse(section, name, f"{what} is a section of its own: [{section}.{name}]")
            elif not is_service_name(name):
                whose = f"{what}'s name" if section == "service" else "a group's name"
                self._refuse(section, name, f"{whose} has letters, digits, _ . - and begins with no sign")
        return {name: t for name, t in tables.items() if isinstance(t, dict) and is_service_name(name)}

    def _told(self, section: str, option: str, error: Any) -> str:
        if option in _SECRETS.get(section, ()):
            # Never show a secret, not even a wrong one.
            if error["type"] == "missing":
                variable = next(v for v, place in _ENVIRONMENT.items() if place == (section, option))
                return f"is missing; set it, or {option}_file, or {variable} in the environment"
            shortest = (error.get("ctx") or {}).get("min_length", 1)
            return f"text of at least {shortest} characters is wanted"
        return problem_text(error)

    def _refuse(self, section: str, option: str, problem: str) -> None:
        line = self._lines.get((section, option)) or self._lines.get((section, ""))
        where = f"{self._path}:{line}" if line else f"{self._path}"
        what = " ".join(part for part in (f"[{section}]" if section else "", option) if part)
        self._problems.append(f"{where}: {what}: {problem}")


_HEADER: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?")
_KEY: Final = re.compile(r"""\s*["']?([A-Za-z0-9_.-]+)["']?\s*=""")


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    """Line numbers by section and option; a section's own line under the empty option."""
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            section = ".".join(part.strip().strip("\"'") for part in header[1].split("."))
            lines.setdefault((section, ""), number)
            lines.setdefault(("", section.partition(".")[0]), number)
            outer, _, inner = section.partition(".")
            lines.setdefault((outer, inner), number)
        elif key := _KEY.match(line):
            lines.setdefault((section, key[1]), number)
    return lines
