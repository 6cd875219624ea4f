"""Going back to a former map: who may do it alone. A map takes two people, and so does going back to one.

Alone one goes back only from a map that has just come into use to the one that it replaced: whoever sees the site break
undoes the change at once, and nothing comes into use that did not run an hour ago.
"""

from datetime import datetime, timedelta
from typing import Final

from scada.store.mapversions import Newly

ALONE_FOR: Final = timedelta(hours=1)
WHY_SECOND: Final = "a second person is needed to go back to a former map"


def why_second(number: int, in_use: int, newly: Newly | None, now: datetime) -> str:
    """Say why a second person must sign for using a version again; nothing if one goes on with, or undoes, the last."""
    if number == in_use:
        return ""
    undoes = newly is not None and newly.number == in_use and newly.before == number
    in_time = newly is not None and timedelta(0) <= now - newly.at <= ALONE_FOR
    return "" if undoes and in_time else WHY_SECOND
