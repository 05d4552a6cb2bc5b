"""What became of an attempt whose worker died: asked of the switch, never guessed by dialling again."""

from __future__ import annotations

from ivr.dialer.attempt import AttemptCase
from ivr.domain.callback import CallbackState
from ivr.flows.call import Call, HungUp, Switch
from ivr.flows.outbound import await_agent, await_talk_end, connect_agent


async def reconcile(switch: Switch, case: AttemptCase) -> None:
    """Bring a callback whose claim ran out back into order. Raises SwitchLost, NoLongerOurs."""
    callback = case.callback
    if callback.state is CallbackState.QUEUED and callback.dialing is None:
        return  # claimed, never dialled: it is still in its place
    found = await switch.adopt(case.channel_id)
    match callback.state:
        case CallbackState.PROCESSING if found:
            await await_talk_end(found.call, case)
        case CallbackState.PROCESSING:
            await case.talk_ended()
        case CallbackState.ROUTING if found and found.in_queue:
            await _wait_on(found.call, case)
        case CallbackState.ROUTING if found:
            await connect_agent(found.call, case)
        case _:
            # Nobody could hear the customer press 1. The attempt counts: their telephone may have rung.
            if found:
                await found.call.hang_up()
            await case.interrupted("the application was restarted during the call")


async def _wait_on(call: Call, case: AttemptCase) -> None:
    try:
        await await_agent(call, case)
    except HungUp as ended:
        await case.lost(str(ended))
