"""The lab: a real Asterisk, a real Valkey, people and agents to call, all on loopback and gone when it ends.

    with Lab(agents=2) as lab:
        lab.pbx_cli("core show channels")

`Lab` starts it for a program or a test; `ivr lab up` is the same for a person.
"""

from ivr.lab.data import LabData
from ivr.lab.errors import LabError
from ivr.lab.lab import Lab
from ivr.lab.settings import LabSettings

__all__ = ["Lab", "LabData", "LabError", "LabSettings"]
