"""The page of the boom follows its car in real Chromium: nobody loads it anew, and nothing that is typed gets lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.hmi import FakePlant, Json, Refusal
from tests.support.phones import phone_plant

STAY: Json = {"stay": "S1", "plate": "京A12345", "entered_at": "2026-11-22T01:30:00+00:00", "minutes": 95}
ASKING: Json = {
    "lane": "out1",
    "title": "1号出口",
    "title_en": "Exit 1",
    "direction": "exit",
    "plate": "",
    "state": "asking",
    "unplated": "exit",
    "candidates": [],
    "help": "",
    "version": "1",
}
PAYING: Json = {"state": "paying", "due_fen": 1000, "fee": "due", "own": [{**STAY, "jpeg_b64": None}], "version": "2"}
CALLED: Json = {"help": "calling", "help_at": STAY["entered_at"], "version": "3"}
ANSWERED: Json = {"help": "answered", "help_at": STAY["entered_at"], "version": "4"}
PAID: Json = {"state": "done", "stage": "opens", "paid": True, "version": "5"}
RISEN: Json = {"state": "done", "stage": "open", "paid": True, "version": "6"}
WORDS = {
    "zh-CN": ("10.00", "自", "已于", "已支付，道闸即将开启。", "已支付，道闸已开，请通行。", "此二维码已失效"),
    "en-GB": (
        "¥10.00",
        "The control room is being called since 09:30.",
        "Somebody answered at 09:30 and is looking at it.",
        "Paid. The gate opens now.",
        "Paid. The gate is open. Please drive on.",
        "This code is no longer valid",
    ),
}
Shows = Callable[..., None]


@pytest.fixture(scope="module", autouse=True)
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FakePlant]]:
    """Serve the pages, before a browser keeps a loop running in this thread."""
    with phone_plant(tmp_path_factory.mktemp("follow")) as served:
        yield served


@pytest.fixture
def shows(served: tuple[str, FakePlant]) -> Shows:
    """Say what the plant shows from now on."""
    plant = served[1]
    plant.asked.clear()

    def change(**told: object) -> None:
        view = {**ASKING, **told}
        plant.verbs["claim_view"] = lambda _args: view
        plant.verbs["claim_state"] = lambda _args: {"version": view["version"]}

    change()
    return change


@contextmanager
def at_the_boom(chromium: Browser, url: str, language: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, has_touch=True)
    page = context.new_page()
    try:
        page.goto(f"{url}/c/live")
        yield page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_the_page_goes_from_the_question_to_the_fee_to_the_open_gate_and_to_its_end_by_itself(
    chromium: Browser, served: tuple[str, FakePlant], shows: Shows, language: str
) -> None:
    url, plant = served
    steps: tuple[Json, ...] = (PAYING, {**PAYING, **CALLED}, {**PAYING, **ANSWERED}, PAID, RISEN)
    with at_the_boom(chromium, url, language) as page:
        expect(page.locator("#plate")).to_be_visible()
        for told, words in zip(steps, WORDS[language], strict=False):
            shows(**told)
            expect(page.locator("main")).to_contain_text(words)
        assert len(plant.asked_for("claim_view")) == 1 + len(steps)

        def gone(_args: Json) -> object:
            raise Refusal("gone", "this code has expired")

        plant.verbs.update(claim_view=gone, claim_state=gone)
        expect(page.locator("body[data-state=gone]")).to_contain_text(WORDS[language][-1])
        page.wait_for_function("!document.body.dataset.follow")


@pytest.mark.parametrize(
    ("language", "news"), [("zh-CN", "情况有变化，点此查看。"), ("en-GB", "Something has changed here. Show it.")]
)
def test_what_a_driver_is_typing_is_not_lost_when_something_changes(
    chromium: Browser, served: tuple[str, FakePlant], shows: Shows, language: str, news: str
) -> None:
    url, plant = served
    with at_the_boom(chromium, url, language) as page:
        page.locator("#plate").press_sequentially("京A12")
        shows(**PAYING)
        expect(page.locator("#news")).to_have_text(news)
        page.locator("#plate").press_sequentially("345")
        expect(page.locator("#plate")).to_have_value("京A12345")
        assert len(plant.asked_for("claim_view")) == 1
        page.locator("#news").click()
        expect(page.locator("body[data-state=paying]")).to_be_visible()


def test_the_answer_to_a_form_follows_too_and_is_not_sent_again(
    chromium: Browser, served: tuple[str, FakePlant], shows: Shows
) -> None:
    url, plant = served
    plant.verbs["claim_plate"] = lambda _args: {"accepted": True, "candidates": [{**STAY, "jpeg_b64": None}]}
    plant.verbs["claim_stay"] = lambda _args: {"accepted": True, "version": "1"}
    with at_the_boom(chromium, url, "en-GB") as page:
        page.locator("#plate").fill("京A12345")
        page.get_by_role("button", name="Go on").first.click()
        page.get_by_role("button", name="This is mine").click()
        expect(page.locator("body[data-state=accepted]")).to_contain_text("Thank you.")
        shows(**PAYING)
        expect(page.locator("body[data-state=paying]")).to_contain_text("¥10.00")
        assert page.url == f"{url}/c/live"
        assert len(plant.asked_for("claim_stay")) == 1
