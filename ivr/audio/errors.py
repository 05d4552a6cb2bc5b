"""What can go wrong with prompts; every error says what to do about it."""

from __future__ import annotations


class PromptError(Exception):
    """A prompt cannot be built, checked, installed or played.

    `code` is stable (scripts may test it); `hint` is the next step for a person.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint
