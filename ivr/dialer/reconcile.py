"""What became of an attempt whose worker died, or lost sight of it: asked of the switch, and gone on with.

Never guessed, and never dialled again: a telephone that rings goes on ringing, and who answered meanwhile is spoken
to from the beginning, since nobody could hear what they pressed.
"""

from __future__ import annotations

from ivr.dialer.attempt import AttemptCase
from ivr.domain.answer import Answer
from ivr.domain.callback import CallbackState, DialResult
from ivr.flows.call import Adopted, Call, HungUp, Stage, Switch
from ivr.flows.outbound import await_agent, await_talk_end, connect_agent, ring, talk_to


async def reconcile(switch: Switch, case: AttemptCase) -> None:
    """Bring a callback whose claim ran out back into order. Raises SwitchLost, NoLongerOurs."""
    if case.callback.state is CallbackState.QUEUED and case.callback.dialing is None:
        return  # claimed, never dialled: it is still in its place
    case.take_place()
    found = await switch.adopt(case.channel_id)
    match case.callback.state:
        case CallbackState.PROCESSING:
            if found:
                await await_talk_end(found.call, case)
            else:
                await case.talk_ended()
        case _ if found is None:
            # The attempt counts: their telephone may have rung.
            await case.interrupted("the call ended while nobody watched it")
        case CallbackState.ROUTING:
            await _bring_to_agent(found, case)
        case _:
            await _find_out_who_answered(found, case)


async def _find_out_who_answered(found: Adopted, case: AttemptCase) -> None:
    match found.stage:
        case Stage.RINGING:
            await ring(found.call, case)
        case Stage.ANSWERED:
            # No detector: it judges by the first words, and they have been said.
            await talk_to(found.call, case, detect=False)
        case Stage.IN_QUEUE:
            # The store does not know it yet: it did not answer when the customer pressed 1.
            await case.reached(Answer(DialResult.PERSON, "found in the agent queue"))
            await _wait_on(found.call, case)


async def _bring_to_agent(found: Adopted, case: AttemptCase) -> None:
    if found.stage is Stage.IN_QUEUE:
        await _wait_on(found.call, case)
    else:
        await connect_agent(found.call, case)


async def _wait_on(call: Call, case: AttemptCase) -> None:
    try:
        await await_agent(call, case)
    except HungUp as ended:
        await case.lost(str(ended))
