"""axe looks at a page: what it finds serious, each with the first thing that has it."""

from playwright.sync_api import Page

from tests.support.peers import PEERS

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"


def axe_finds(page: Page) -> list[str]:
    """Give the serious faults of the page as it is now."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']} {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]
