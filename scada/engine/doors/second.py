"""The second person: signs in beside the one who asks, for what nobody may do alone."""

from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.rights import VOUCH
from scada.store.operators import Operators, SignInRefused


async def second_person(operators: Operators, ask: Ask, why: str, right: str = VOUCH) -> str:
    """Take the second person's name and password; `why` says what they are needed for. Raises BridgeRefusal.

    `right`: what lets somebody stand for it.
    """
    if not optional(ask, "second_name"):
        raise BridgeRefusal("refused", why)
    name, password = text_of(ask, "second_name"), text_of(ask, "second_password")
    verdict = await operators.vouch(name, password, ask.user, right)
    if isinstance(verdict, SignInRefused):
        raise BridgeRefusal("refused", f"the second person: {verdict.why}")
    return verdict.name
