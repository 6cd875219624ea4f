"""Plates become keyed hashes, wherever in a row of the journal they stand."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from scada.settings.keeping import Retention
from scada.store.retention.hashing import hidden, hidden_body, is_hidden
from scada.store.retention.rules import ends_of

KEY = b"k" * 32
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
PLATES = ("京A12345", "粤BD12345", "京AD12345", "使014001", "WJ京12345", "无牌6DPTX8QA")
plates = st.one_of(st.sampled_from(PLATES), st.from_regex(r"\A[京沪粤][A-Z][A-Z0-9]{5}\Z"))
names = st.sampled_from(["plate", "plates", "old_plate", "seen", "note"])


def bodies(leaf: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    inner = st.recursive(
        leaf | st.integers() | st.none(),
        lambda held: st.lists(held, max_size=3) | st.dictionaries(names, held, max_size=3),
        max_leaves=8,
    )
    return st.dictionaries(names, inner, max_size=4)


@pytest.mark.parametrize("plate", PLATES)
def test_a_plate_becomes_the_same_hash_each_time_and_another_with_another_key(plate: str) -> None:
    once = hidden(KEY, plate)
    assert is_hidden(once)
    assert plate not in once
    assert len(once) == 16
    assert hidden(KEY, plate) == once
    assert hidden(KEY, once) == once
    assert hidden(b"o" * 32, plate) != once


@settings(max_examples=40)
@given(bodies(plates))
def test_no_plate_is_left_in_a_body_and_to_do_it_again_changes_nothing(body: dict[str, object]) -> None:
    after = hidden_body(KEY, body)
    text = json.dumps(after, ensure_ascii=False)
    assert not [plate for plate in PLATES if plate in text]
    assert hidden_body(KEY, after) == after


def test_what_is_no_plate_stays() -> None:
    body = {
        "text": "pictures that must be kept fill their room",
        "why": "REFUSED",
        "order": "DE261130Y8WCZ86P8ZCG6Y3V001R1YK",
        "picture": "20261130T014955848-out1-20261130014924-8-exit-c885a71cbd02.jpg",
        "plate_kind": "ORDINARY",
        "due_fen": 1500,
        "plate": "",
        "seen": None,
    }
    assert hidden_body(KEY, body) == body


def test_a_payer_is_hashed_and_an_address_goes() -> None:
    body = hidden_body(KEY, {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "address": "203.0.113.7"})
    assert is_hidden(str(body["openid"]))
    assert body["address"] == ""


def test_a_plate_within_a_sentence_goes_and_the_sentence_stays() -> None:
    assert str(hidden_body(KEY, {"note": "car 京A12345 stood across"})["note"]).startswith("car #")


def test_a_guess_of_a_camera_goes_wherever_it_is_nested() -> None:
    body = hidden_body(KEY, {"after": {"live": {"reads": [{"guess": {"text": "使014001", "kind": "EMBASSY"}}]}}})
    assert "使014001" not in json.dumps(body, ensure_ascii=False)
    assert "EMBASSY" in json.dumps(body)


@pytest.mark.parametrize("wrong", [{"events_days": 364}, {"events_days": 1096}, {"queries_days": 90}, {"hour": 24}])
def test_no_setting_is_outside_of_the_law(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Retention(**wrong)


def test_what_is_kept_is_reckoned_from_now() -> None:
    ends = ends_of(Retention(), NOW)
    assert (ends.events, ends.phones) == (NOW - timedelta(days=365), NOW - timedelta(days=90))
