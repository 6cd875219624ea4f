"""Plates in the plant's answers: whoever need not see them gets them covered (`scada.model.covering`)."""

from scada.engine.doors.peer import Ask
from scada.model.covering import COVER_THEMSELVES, covered, named_in, sees_plates
from scada.model.rights import SEE_PLATES, may, token_of
from scada.store.operators import Operators


async def may_see_plates(operators: Operators, ask: Ask) -> bool:
    """Say whether the asker works with the cars; a program sees plates only if its token holds that, too."""
    if not await operators.may_now(ask.user, SEE_PLATES):
        return False
    token = token_of(ask.session)
    return not token or await operators.tokens.may(token, ask.user, SEE_PLATES)


async def shown_to(operators: Operators, ask: Ask, answer: object) -> object:
    """Give an answer as this asker may see it."""
    if ask.verb in COVER_THEMSELVES or await may_see_plates(operators, ask):
        return answer
    role = await operators.role_of(ask.user)
    # for a card or a booking the table's word about the person is enough: its token was made for just this verb
    is_own = sees_plates(lambda right: right != SEE_PLATES and may(role, right), ask.verb)
    return answer if is_own else covered(answer, named_in(ask.args))
