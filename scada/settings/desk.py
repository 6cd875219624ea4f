"""The operators' desk: how long a case waits for one seat, and who is asked when no seat answers."""

from typing import Annotated

from pydantic import Field

from scada.settings.base import Section


class Desk(Section):
    """A car that waits at a way out is offered to one seat for `answer_s`, then to the next; at last to `on_call`."""

    answer_s: Annotated[int, Field(ge=5, le=300)] = 10
    on_call: Annotated[tuple[str, ...], Field(strict=False)] = ()
