"""The people page in a real browser: a person is added and locked, a token is made and shown once; axe looks at it."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, Refusal, control_room

AT = "2026-05-01T02:00:00+00:00"
SECRET = "dz_" + "s" * 43


def person(name: str, role: str, locked_at: str | None = None) -> Json:
    times: Json = {"made_at": AT, "locked_at": locked_at, "signed_in_at": AT}
    return {"name": name, "role": role, "must_change": False, **times}


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    people = [person("admin", "administrator"), person("<b>li", "operator")]
    tokens: list[Json] = []
    log: list[Json] = [
        {
            "at": AT, "actor": "admin", "what": "role_changed",
            "body": {"before": {"role": "auditor"}, "after": {"role": "operator"}, "reason": "new job"},
        }
    ]  # fmt: skip

    def add(args: Json) -> object:
        if args["name"] == "admin":
            raise Refusal("refused", "there is one of that name")
        people.append(person(str(args["name"]), str(args["role"])))
        return {"name": args["name"], "password": "1234-abcd-5678-ef90"}

    def lock(args: Json) -> object:
        people[1] = person("<b>li", "operator", AT if args["locked"] else None)
        return {"name": args["name"], "locked": args["locked"]}

    def make_token(args: Json) -> object:
        more = {"id": "t1", "made_by": "admin", "made_at": AT, "expires_at": AT, "used_at": None, "revoked_at": None}
        tokens.append({"owner": "admin", "label": args["label"], "rights": args["rights"], **more})
        return {"owner": "admin", "token": SECRET}

    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": "administrator", "must_change": False},
        people=lambda _args: people,
        person_log=lambda _args: log,
        add_person=add,
        lock_person=lock,
        tokens=lambda _args: tokens,
        make_token=make_token,
    )
    return plant


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_a_person_is_added_and_locked_and_a_token_is_shown_once(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant, language: str
) -> None:
    with open_page(chromium, language) as page:
        sign_in(page, plant_and_url[1], "admin")
        page.goto(plant_and_url[1] + "/settings/people")
        expect(page.locator("[data-person]")).to_have_count(2)
        page.fill("#add [name=name]", "chen")
        page.fill("#add [name=reason]", "new here")
        page.click("#add button.primary")
        expect(page.locator("#secret")).to_have_text("1234-abcd-5678-ef90")
        expect(page.locator("[data-person=chen]")).to_be_visible()
        page.locator("[data-person] button").nth(1).click()
        page.select_option("#change [name=deed]", "lock")
        page.fill("#change [name=reason]", "left")
        page.click("#change button.primary")
        expect(page.locator("[data-person]").nth(1)).to_contain_text("locked" if language == "en-GB" else "已锁定")
        assert plant.asked_for("lock_person")[0]["args"] == {"name": "<b>li", "locked": True, "reason": "left"}
        page.fill("#token [name=label]", "a script")
        page.check("#token [value=journal]")
        page.click("#token button.primary")
        expect(page.locator("#secret")).to_have_text(SECRET)
        expect(page.locator("[data-token=t1]")).to_contain_text("journal")
        assert axe_finds(page) == []
        if folder := os.environ.get("P_SHOTS"):
            page.screenshot(path=f"{folder}/P_people_{language}.png", full_page=True)
            page.goto(plant_and_url[1] + "/api")
            page.screenshot(path=f"{folder}/P_api_{language}.png")
