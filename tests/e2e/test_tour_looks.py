"""What the tour finds on a page where everything is wrong, and that it finds nothing on one where all is right."""

from playwright.sync_api import Browser

from tests.support.browser import open_page
from tests.support.tour.looks import laid_out_wrongly, said_wrongly

NO_NAMES = frozenset[str]()
GOOD = """<html lang="zh"><body><p>车道 in1.gate.up</p><p lang="en">Open the gate</p>
  <code style="font-size: 14px">open_gate null</code>
  <p style="overflow: hidden; width: 99px" title="很长的一句话">短</p></body></html>"""
BAD = """<html lang="zh"><body><p>车道 waits</p><button title="Open it">开</button><p>应付 NaN 元</p><p>undefined</p>
  <p style="overflow: hidden; white-space: nowrap; width: 50px">这是一句放不下的很长的话</p>
  <p style="width: 3000px">宽</p></body></html>"""


def test_what_is_wrong_with_a_page_is_found_and_nothing_else(chromium: Browser) -> None:
    with open_page(chromium, "zh-CN") as page:
        page.set_content(GOOD)
        assert (said_wrongly(page, "zh", NO_NAMES), laid_out_wrongly(page)) == ([], [])
        page.set_content(BAD)
        words, layout = said_wrongly(page, "zh", NO_NAMES), laid_out_wrongly(page)
    assert [one.partition(":")[0] for one in words] == [
        "in another language",
        "a program's value",
        "in another language",
        "a program's value",
        "in another language",
    ]
    assert [one.partition(":")[0] for one in layout] == [
        "cut off",
        "beyond the screen",
        "small",
        "the page is wider than the screen",
    ]
