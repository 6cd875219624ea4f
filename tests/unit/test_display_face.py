"""What displays show and say: the site's texts, composed for the lines and languages each has; and boards' frames."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.display import frames
from lpr.display.face import Colour, Face, Language, Line, Manner, Told, duration, face, places
from lpr.display.texts import LANGUAGES, TextsError, load_texts, names
from scada.model.lane.commands import Message
from scada.model.money import Fen

TEXTS = load_texts()
BOTH = Manner(lines=8, languages=("zh", "en"), voice="zh")
CHINESE = Manner(lines=4, languages=("zh",), voice="zh")
OLD = Told(Message.SCAN_PAY, "京A12345", Fen(1230), 125, older_fen=Fen(500))
PAY = Told(Message.SCAN_PAY, "京A12345", Fen(1230), 125, "weixin://wxpay/bizpayurl?pr=1")


def shown(made: Face) -> list[list[str]]:
    return [[line.text for line in page] for page in made.pages]


def test_a_fee_is_told_with_plate_duration_and_amount() -> None:
    made = face(PAY, TEXTS, CHINESE)
    assert shown(made) == [["京A12345", "停车 2小时5分", "请付 12.30 元", "请扫码支付"]]
    assert made.voice == "京A12345，停车2小时5分，请付12.30元"
    assert made.qr == PAY.qr


def test_what_fits_on_one_page_in_both_languages_stands_there_and_the_rest_turns() -> None:
    assert shown(face(Told(Message.OPEN_LANE), TEXTS, BOTH)) == [["请直接通行", "Please drive on"]]
    few = Manner(lines=4, languages=("zh", "en"), voice=None)
    pages = shown(face(PAY, TEXTS, few))
    assert [len(page) for page in pages] == [4, 4]
    assert pages[1][2] == "Pay 12.30 yuan"
    one = Manner(lines=1, languages=("en",), voice=None)
    assert shown(face(Told(Message.FULL), TEXTS, one)) == [["Car park full"], ["Please wait"]]


def test_a_line_whose_value_is_not_known_is_left_out() -> None:
    assert shown(face(Told(Message.WELCOME), TEXTS, CHINESE)) == [["欢迎光临"]]
    assert shown(face(Told(Message.WELCOME), TEXTS, CHINESE, free=12)) == [["欢迎光临", "余位 12"]]
    assert face(Told(Message.SCAN_PAY, "", None, None), TEXTS, CHINESE).voice == ""


TICKET = Told(Message.GO, "无牌0000000A", code="4071")


@pytest.mark.parametrize(
    ("language", "first", "voice"),
    [
        ("zh", ["请记下取车码", "4071"], "您的取车码是四零七一，请记下，请通行"),
        ("en", ["Write down your code", "4071"], "Your code is 4 0 7 1. Please write it down and drive on."),
    ],
)
def test_a_car_without_a_plate_is_shown_and_told_digit_by_digit_the_code_with_which_it_leaves(
    language: Language, first: list[str], voice: str
) -> None:
    made = face(TICKET, TEXTS, Manner(2, (language,), language))
    assert (shown(made)[0], made.voice) == (first, voice)
    assert "无牌" not in str(made.pages)


def test_a_code_stands_on_no_display_that_does_not_let_its_car_in() -> None:
    faces = {message: face(replace(TICKET, message=message), TEXTS, BOTH) for message in Message}
    assert {message for message, made in faces.items() if "4071" in str(made)} == {Message.GO, Message.PLEASE_GO}


def test_a_silent_display_says_nothing() -> None:
    assert face(PAY, TEXTS, Manner(4, ("zh",), None)).voice == ""


@pytest.mark.parametrize("message", list(Message))
def test_every_message_has_words_in_both_languages(message: Message) -> None:
    phrase = TEXTS.of(message.value)
    assert all(phrase.lines[language] for language in LANGUAGES)
    assert phrase.lines["zh"] != phrase.lines["en"]


@pytest.mark.parametrize(
    ("free", "text", "colour"),
    [
        (17, "余位 17", Colour.GREEN),
        (0, "车位已满", Colour.RED),
        (-2, "车位已满", Colour.RED),
        (None, "欢迎光临", Colour.YELLOW),
    ],
)
def test_a_board_tells_free_places_and_never_a_number_that_nobody_knows(
    free: int | None, text: str, colour: Colour
) -> None:
    assert places(free, TEXTS, CHINESE).pages == ((Line(text, colour),),)


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [(0, "0分", "0 min"), (5, "5分", "5 min"), (60, "1小时", "1 h"), (125, "2小时5分", "2 h 5 min")],
)
def test_durations_are_said_as_people_say_them(minutes: int, zh: str, en: str) -> None:
    assert (duration(minutes, "zh"), duration(minutes, "en")) == (zh, en)


def own(folder: Path, text: str) -> Path:
    path = folder / "displays.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_changes_what_it_wants_and_keeps_the_rest(tmp_path: Path) -> None:
    texts = load_texts(own(tmp_path, '[welcome]\nzh = ["欢迎来到南门"]\n'))
    assert texts.of("welcome").lines["zh"] == ("欢迎来到南门",)
    assert texts.of("welcome").lines["en"] == TEXTS.of("welcome").lines["en"]
    assert texts.of("full") == TEXTS.of("full")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[welcom]\nzh = ["x"]', "welcom: no display shows this"),
        ('[welcome]\nzh = ["{openid}"]', r"welcome.zh\[0\]: in braces stand only code, fee, free, older, owes, plate"),
        ('[welcome]\nzh = ["{free"]', r"welcome.zh\[0\]: in braces"),
        ("[welcome]\nzh = []", "welcome.zh: not a list of 1 to 6 lines"),
        (f'[welcome]\nzh = ["{"x" * 49}"]', "at most 48"),
        ('[welcome]\nvoice = "x"', "welcome.voice: unknown"),
        ("welcome = 1", "welcome: not a table"),
        ("welcome = ", "not TOML"),
    ],
)
def test_a_mistake_in_the_texts_is_named_by_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TextsError, match=says):
        load_texts(own(tmp_path, text))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(TextsError) as caught:
        load_texts(own(tmp_path, '[welcom]\nzh = ["x"]\n[full]\nen = 3\n'))
    assert len(caught.value.mistakes) == 2
    with pytest.raises(TextsError, match="No such file"):
        load_texts(tmp_path / "none.toml")


def test_the_frame_of_the_makers_document_comes_out_to_the_byte() -> None:
    assert frames.say("欢迎光临") == bytes.fromhex("0064FFFF300901BBB6D3ADB9E2C1D93258")


def test_a_line_stands_in_its_frame_with_colour_and_length() -> None:
    frame = frames.show(2, "余位 7", Colour.GREEN, 20)
    text = "余位 7".encode("gbk")
    assert frame[4:7] == bytes((0x62, 19 + len(text), 2))
    assert frame[10] == 20
    assert frame[15:19] == b"\x00\xff\x00\x00"
    assert frame[23:25] == len(text).to_bytes(2, "little")
    assert frame[25:-2] == text


@given(st.text(max_size=300))
def test_whatever_is_written_a_frame_holds_it_or_its_beginning(text: str) -> None:
    for frame in (frames.say(text), frames.show(0, text, Colour.RED, 255)):
        assert len(frame) == 8 + frame[5]
        assert frames.crc16(frame) == 0
    assert frames.gbk(text).decode("gbk") in "".join(sign for sign in text if sign.encode("gbk", errors="ignore"))


def test_names_are_those_of_the_lane_of_a_ticket_and_of_boards() -> None:
    assert len(names()) == len(Message) + 1 + 3


def test_old_debts_are_told_apart_from_the_fee_that_they_are_in_or_beside() -> None:
    assert "其中旧欠 5.00 元" in shown(face(OLD, TEXTS, CHINESE))[0]
    beside = Told(Message.SCAN_PAY, "京A12345", Fen(1230), 125, owes_fen=Fen(500))
    assert "另有旧欠 5.00 元" in shown(face(beside, TEXTS, CHINESE))[0]
    assert not any("旧欠" in line for page in shown(face(PAY, TEXTS, CHINESE)) for line in page)
