"""What can go wrong with the lab, said in one line with its mend."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot start or cannot do what was asked.

    `str()` is one line for a person: what is wrong and what to do about it.
    """

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what}; {mend}" if mend else what)
        self.what = what
        self.mend = mend
