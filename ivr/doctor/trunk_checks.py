"""The trunks that customers are called through."""

from __future__ import annotations

from ivr.ari.errors import AriNotFound
from ivr.doctor.check import Finding, failed, ok, warning
from ivr.doctor.explain import is_missing_module
from ivr.doctor.patient import Patient


async def trunk(patient: Patient, name: str) -> Finding:
    """Asterisk has a PJSIP endpoint of this name, and it can be reached."""
    try:
        endpoint = await patient.ari.endpoints.get(name)
    except AriNotFound as error:
        if is_missing_module(error):
            raise
        return failed(
            f"there is no PJSIP endpoint {name}",
            f"in pjsip.conf: `[{name}]`, `type = endpoint` (asterisk-config/pbx/site/pjsip.conf has one); or correct"
            " [asterisk] trunk, or _trunk of the service",
        )
    match endpoint.state:
        case "online":
            return ok(f"PJSIP/{name} is online")
        case "offline":
            return failed(
                f"PJSIP/{name} is offline: it has no contact, or its contact does not answer",
                f"in pjsip.conf, `[{name}]`, `type = aor`: a `contact = sip:HOST:PORT` that answers; look at it with"
                f" `pjsip show endpoint {name}` in the Asterisk CLI",
            )
        case state:
            return warning(
                f"PJSIP/{name} is {state}", f"look at it with `pjsip show endpoint {name}` in the Asterisk CLI"
            )
