"""What each handler takes and answers, said once: handlers read with these models, the API document shows them.

`@operation(...)` stands on every handler; `ivr/web/openapi.py` walks the routes and finds it there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from ivr.service.errors import InvalidParameter
from ivr.service.problems import problem_text

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)
M = TypeVar("M", bound=BaseModel)

JSON: Final = "application/json"
FORMS: Final = (JSON, "application/x-www-form-urlencoded", "multipart/form-data")


class Model(BaseModel):
    """What a request says. Keys that we do not know are refused: most are misspelt."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Operation:
    """One handler, as the API document shows it."""

    tag: str
    answer: Any = None
    """Type of the body of a 200 (what pydantic's TypeAdapter takes), None when it has none."""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    media: tuple[str, ...] = ()
    """What the body may be sent as."""
    refusals: tuple[int, ...] = ()
    """Statuses of its refusals, each with the error body of its face."""
    more_answers: Mapping[int, Any] = field(default_factory=dict)
    """Other answers that are no refusals: status and type of the body."""
    answer_media: str = JSON
    needs_key: bool = True


OPERATIONS: Final[dict[Handler, Operation]] = {}


def operation(
    tag: str,
    answer: Any = None,
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    media: tuple[str, ...] = (JSON,),
    refusals: tuple[int, ...] = (),
    more_answers: Mapping[int, Any] | None = None,
    answer_media: str = JSON,
    needs_key: bool = True,
) -> Callable[[H], H]:
    """Declare a handler. 401, and for a body 400, 413 and 415, go without saying."""

    def declared(handler: H) -> H:
        of_key = (401,) if needs_key else ()
        of_body = (400, 413, 415) if body is not None else ()
        OPERATIONS[handler] = Operation(
            tag,
            answer,
            query,
            body,
            media if body is not None else (),
            tuple(sorted({*refusals, *of_key, *of_body})),
            more_answers or {},
            answer_media,
            needs_key,
        )
        return handler

    return declared


def read_query(request: web.Request, model: type[M]) -> M:
    """The parameters of the address. Raises InvalidParameter for one that is given twice, wrong or not known."""
    found: dict[str, str] = {}
    for name, value in request.query.items():
        if name in found:
            raise InvalidParameter(ascii(name)[:60], "is given twice")
        found[name] = value
    return read_model(found, model)


def read_model(params: Mapping[str, Any], model: type[M]) -> M:
    """Raises InvalidParameter with the first thing that is wrong."""
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"])) or "body"
        raise InvalidParameter(ascii(name)[1:-1][:60], _problem(first, model)) from None


def _problem(error: Any, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        known = sorted(f.alias or name for name, f in model.model_fields.items())
        return f"is not understood; {', '.join(known) or 'nothing'} is"
    return problem_text(error)
