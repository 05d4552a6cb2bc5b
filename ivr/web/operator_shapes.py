"""What operators ask and are answered, for the API document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ivr.web.operations import Answer, Model
from ivr.web.shapes import OperatorRecord


class CallbacksQuery(Model):
    service: str = ""
    number: str = ""
    state: str = Field("", description="several with commas; with ! before them all others")
    limit: int = Field(250, ge=1, le=10_000)


class Callbacks(Answer):
    callbacks: list[OperatorRecord]


class ServiceAnswer(Answer):
    name: str
    options: dict[str, dict[str, Any]] = Field(description="value, file, default, type, unit, range, help, level")


class Services(Answer):
    services: list[ServiceAnswer]


class OptionsBody(BaseModel):
    """Options by their names; null falls back to the settings file."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"minProperties": 1})


class Change(Answer):
    option: str
    old: str
    new: str


class Changed(Answer):
    name: str
    changed: list[Change]


class PauseBody(Model):
    reason: str = Field("", max_length=200)


class PauseAnswer(Answer):
    paused: bool
    reason: str | None


class PauseChanged(PauseAnswer):
    services: list[str] = Field(description="those that are paused together")
