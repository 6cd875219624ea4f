"""What has to fit together about other ways to pay at an exit: scanners, and WeChat's own deduction."""

from collections.abc import Iterator

from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading

NAME_SIGNS = 32
"""What WeChat takes of a car park's name."""


def scanners_stand_at_exits(reading: Reading) -> Iterator[Mistake]:
    """See that every scanner has an exit of its own."""
    exits = {lane.get("name") for lane in reading.tables("lanes") if lane.get("direction") != "entry"}
    taken: set[object] = set()
    for number, scanner in enumerate(reading.tables("scanners")):
        lane, path = scanner.get("lane"), ("scanners", number, "lane")
        if isinstance(lane, str) and lane not in exits:
            names = ", ".join(sorted(str(name) for name in exits))
            yield reading.mistake(path, f"{lane!r} is no lane that leads out", f"name one of: {names}")
        elif lane in taken:
            yield reading.mistake(path, f"{lane!r} has two scanners", "keep one: nobody pays twice at one boom")
        taken.add(lane)


def deductions_are_named(reading: Reading) -> Iterator[Mistake]:
    """See that a driver can read which car park charges him."""
    if reading.at("wechat", "parking", "enabled") is not True or reading.text("wechat", "parking", "name"):
        return
    name = reading.text("site", "name") or ""
    if len(name) > NAME_SIGNS:
        what = f"WeChat takes {NAME_SIGNS} signs of a car park's name, and the site's has {len(name)}"
        remedy = 'write a short one: [wechat.parking] name = "…"'
        yield reading.mistake(("wechat", "parking", "enabled"), what, remedy, Severity.WARNING)
