"""What a caller can hear: one id per recording. Digits and numbers are not here; Asterisk's own sounds say them."""

from __future__ import annotations

from enum import StrEnum


class Prompt(StrEnum):
    """Each id is a clip of every locale's script; the comment says when it is heard."""

    # The inbound call.
    GREETING = "greeting"  # First of all, when a wait makes us answer.
    WAIT_ABOUT = "wait-about"  # Before one number of minutes.
    WAIT_BETWEEN = "wait-between"  # Before the lower number of minutes of a range.
    WAIT_AND = "wait-and"  # Between the two numbers of a range.
    WAIT_MINUTE = "wait-minute"  # After the number one.
    WAIT_MINUTES = "wait-minutes"  # After any other number.
    WAIT_LONG = "wait-long"  # Instead of a number, when there is no estimate worth saying.
    OFFER = "offer"  # The menu: 1 callback, 2 another number, * stay.
    NUMBER_IS = "number-is"  # Before the number is read back digit by digit.
    CONFIRM_NUMBER = "confirm-number"  # After the read-back: 1 right, 2 change it.
    ENTER_NUMBER = "enter-number"  # The caller chose another number, or none came with the call.
    NUMBER_INVALID = "number-invalid"  # The digits are no telephone number; another try follows.
    NUMBER_REFUSED = "number-refused"  # A number that we must not or cannot dial; another try follows.
    NO_INPUT = "no-input"  # Nothing was pressed where a key or a number is needed.
    INVALID_CHOICE = "invalid-choice"  # A key that the menu does not have.
    CALLBACK_CONFIRMED = "callback-confirmed"  # The request is stored; the call ends.
    ALREADY_WAITING = "already-waiting"  # There is a callback for this number already; the call ends.
    CALLBACK_FAILED = "callback-failed"  # The request could not be stored; on to the queue.
    STAYING_IN_LINE = "staying-in-line"  # The caller stays, or the tries are used up; on to the queue.
    CONNECTING = "connecting"  # No wait worth an offer any more; on to the queue.

    # The outbound call, heard by the customer.
    CALLBACK_HELLO = "callback-hello"  # At once when the telephone is answered, while the machine detector listens.
    CALLBACK_PRESS_1 = "callback-press-1"  # The menu that proves a person: 1 talk now, 2 no longer needed.
    CALLBACK_CONNECTING = "callback-connecting"  # After 1.
    CALLBACK_DECLINED = "callback-declined"  # After 2; the call ends.
    CALLBACK_NO_INPUT = "callback-no-input"  # Nothing was pressed after the last try; the call ends.
    CALLBACK_NO_AGENT = "callback-no-agent"  # The agent was lost after 1; promises nothing; the call ends.
    VOICEMAIL_MESSAGE = "voicemail-message"  # Left on a machine, where the service is set to leave a message.

    # Heard by the agent.
    AGENT_WHISPER = "agent-whisper"  # Before the agent is joined with a customer who was called back.
