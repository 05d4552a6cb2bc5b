"""Bodies that several APIs answer with, for the API document."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ivr.domain.callback import CallbackState
from ivr.web.operations import Answer

T = TypeVar("T")

Instant = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        description="time in UTC",
        examples=["2027-03-14T09:30:00.000Z"],
    ),
]


class Refusal(Answer):
    """Why a request was not carried out."""

    exception: str
    code: int = Field(description="the HTTP status")
    phrase: str
    message: str = Field(description="what is wrong and what would be right")
    availability: dict[Instant, int] | None = Field(
        None, description="other times that can be booked, and how many places each has"
    )


class Status(Answer):
    """How a request of Engagement v3 went."""

    code: int = Field(description="the HTTP status")
    message: str
    corr_id: str = Field(alias="corrId")


class Proposals(Answer):
    """Other times that can be booked, and how many places each has."""

    slots: dict[Instant, int]


class Enveloped(Answer, Generic[T]):
    """Every body of Engagement v3."""

    status: Status
    data: T


class GenesysRecord(BaseModel):
    """A callback; beside these keys its lookup keys, and what its attempts have come to."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str = Field(alias="_id")
    service_name: str = Field(alias="_service_name")
    desired_time: Instant = Field(alias="_desired_time")
    callback_state: CallbackState = Field(alias="_callback_state")
    callback_reason: str | None = Field(None, alias="_callback_reason")
    expiration_time: Instant = Field(alias="_expiration_time")
    customer_number: str = Field(alias="_customer_number")
    url: str = Field(alias="_url")


class Started(Answer):
    """The id of a callback that is stored."""

    id: str = Field(alias="_id")


class OperatorRecord(Answer):
    """Everything that is known of a callback."""

    id: str
    service: str
    number: str
    state: CallbackState
    reason: str | None
    asked_at: Instant
    created_at: Instant
    desired_time: Instant | None
    not_before: Instant | None
    completed_at: Instant | None
    expires_at: Instant
    wait_for_agent: bool
    language: str
    originating_interaction_id: str | None
    user_data: dict[str, str]
    options: dict[str, str]
    attempts: list[dict[str, Any]]
