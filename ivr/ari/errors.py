"""What can go wrong with ARI.

::

    AriError
    ├── AriInvalidRequest        a value that we refuse to send: a control character, an empty or too long id
    ├── AriConnectionError       no connection, or it broke: whether the request was carried out is not known
    │   └── AriConnectionLost    the event connection broke: events were missed
    │       └── AriDemoted       another program took the application over
    ├── AriTimeout               no answer before the deadline: whether it was carried out is not known
    ├── AriEventsOverflow        a reader of events was too slow: events were dropped
    ├── AriProtocolError         Asterisk answered something that is not ARI
    └── AriHttpError             Asterisk answered, and said no
        ├── AriBadRequest        400
        ├── AriUnauthorized      401, 403
        ├── AriNotFound          404
        ├── AriConflict          409  of an originate: a channel of that id is alive
        ├── AriPrecondition      412  the channel is not in a state for it
        ├── AriUnprocessable     422
        └── AriServerError       5xx  of an originate: unknown technology, or an endpoint without a contact
"""

from __future__ import annotations

from typing import ClassVar


class AriError(Exception):
    """The root of the tree. `code` is stable, for logs and metrics; `hint` tells an operator what to look at."""

    code: ClassVar[str] = "ari_error"
    hint: ClassVar[str] = ""


class AriInvalidRequest(AriError, ValueError):
    """The request was not sent: a value in it can only be a mistake or an attack."""

    code = "ari_invalid_request"


class AriConnectionError(AriError):
    """Asterisk could not be reached, or the connection broke in the middle of a request."""

    code = "ari_unreachable"
    hint = "Is Asterisk running, is http.conf enabled, and is the ARI address right?"


class AriConnectionLost(AriConnectionError):
    """The event connection is not up: events of this moment are lost."""

    code = "ari_connection_lost"


class AriDemoted(AriConnectionLost):
    """Another program registered the same Stasis application and gets its calls now."""

    code = "ari_demoted"
    hint = "Two programs use one application name; end one, or give it a name of its own."


class AriTimeout(AriError):
    """No answer before the deadline; the request may have been carried out."""

    code = "ari_timeout"


class AriEventsOverflow(AriError):
    """A subscription's reader did not keep up; what it read last is the last before the gap."""

    code = "ari_events_overflow"


class AriProtocolError(AriError):
    """An answer that is not what the api-docs say."""

    code = "ari_protocol"
    hint = "Is something other than Asterisk behind the ARI address?"


class AriHttpError(AriError):
    """Asterisk refused. `status` is HTTP's, `reason` Asterisk's own words."""

    code = "ari_http"

    def __init__(self, status: int, reason: str, request: str) -> None:
        super().__init__(f"{request}: {status} {reason}")
        self.status = status
        self.reason = reason
        self.request = request


class AriBadRequest(AriHttpError):
    code = "ari_bad_request"


class AriUnauthorized(AriHttpError):
    code = "ari_unauthorized"
    hint = "The user or password of ari.conf is another, or the user is read_only."


class AriNotFound(AriHttpError):
    """The channel, bridge or playback is gone, or never was."""

    code = "ari_not_found"


class AriConflict(AriHttpError):
    """The resource is in use, not ours (not in the Stasis application), or exists already."""

    code = "ari_conflict"


class AriPrecondition(AriHttpError):
    """The channel is in no state for this, such as one that was not answered."""

    code = "ari_precondition"


class AriUnprocessable(AriHttpError):
    code = "ari_unprocessable"


class AriServerError(AriHttpError):
    code = "ari_server_error"


_BY_STATUS: dict[int, type[AriHttpError]] = {
    400: AriBadRequest,
    401: AriUnauthorized,
    403: AriUnauthorized,
    404: AriNotFound,
    409: AriConflict,
    412: AriPrecondition,
    422: AriUnprocessable,
}


def http_error(status: int, reason: str, request: str) -> AriHttpError:
    """The error class for a status. `request` names method and path."""
    kind = _BY_STATUS.get(status, AriServerError if status >= 500 else AriHttpError)
    return kind(status, reason, request)
