"""The mend for an error that comes up in the middle of an examination."""

from __future__ import annotations

from ivr.ami.errors import AmiError
from ivr.ari.errors import AriError, AriNotFound
from ivr.doctor.check import Finding, failed
from ivr.store.port import StoreError

KNOWN_ERRORS = (AriError, AmiError, StoreError, OSError)
"""What an examination may end with, beside its finding; anything else is a fault of ours."""

# What Asterisk says when the module for a resource is not loaded; of a missing thing it says which.
_NO_SUCH_RESOURCE = "Resource not found"


def explain(error: Exception) -> Finding:
    """An error of `KNOWN_ERRORS`, as what it means to the operator."""
    match error:
        case AriNotFound(reason=reason) if reason == _NO_SUCH_RESOURCE:
            module = ari_module_of(error)
            return failed(f"Asterisk does not know the request {error.request}", f"{load(module)}, which answers it")
        case AriError() | AmiError():
            return failed(str(error), error.hint or "look into Asterisk's log (messages.log) at this moment")
        case StoreError():
            return failed(str(error), "look into the Redis server's log at this moment")
        case _:
            return failed(str(error), "look at the network between this machine and that one")


def ari_module_of(error: AriNotFound) -> str:
    """The module whose requests begin like the one that failed: res_ari_sounds.so for GET /sounds/hello."""
    return f"res_ari_{error.request.split('/')[1].split('?')[0]}.so"


def is_missing_module(error: AriNotFound) -> bool:
    """Asterisk does not know this kind of request at all."""
    return error.reason == _NO_SUCH_RESOURCE


def load(*modules: str) -> str:
    """The mend for modules that are not loaded."""
    lines = ", ".join(f"`load = {module}`" for module in modules)
    now = "; ".join(f"module load {module}" for module in modules)
    return f"in /etc/asterisk/modules.conf: {lines} (and no noload of it); now, in the Asterisk CLI: `{now}`"
