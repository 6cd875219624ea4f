"""What is known of each display and board, and how the tags of that are called."""

import re
from collections.abc import Iterable

from scada.model.tag import Access, Shape, TagName, TagSpec

GROUP = "display"


def display_tag(display: str, point: str) -> TagName:
    """Give the tag of one figure of a display: `display.out1_led.state`."""
    return TagName(f"{GROUP}.{re.sub('[^a-z0-9_]', '_', display.lower())}.{point}")


def display_specs(displays: Iterable[str]) -> list[TagSpec]:
    """Give the server's own tags of every display and board."""
    return [
        TagSpec(
            name=display_tag(display, "state"),
            device="",
            access=Access.READ,
            description=f"{display}: up, or why it is not",
            description_zh=f"{display}：连接状态",
            shape=Shape.TEXT,
        )
        for display in displays
    ]
