"""Drawn plates, scenes, films and sets: what is on them, without a reader."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lpr.picture import Picture
from lpr.reader.grammar import parse
from lpr.sim import sets
from lpr.sim.catalogue import catalogue
from lpr.sim.drawing import damage
from lpr.sim.drawing.film import BOOM_M, FAR_M, Story, film
from lpr.sim.drawing.plates import DrawError, draw_plate
from lpr.sim.drawing.scene import HEIGHT, WIDTH, Car, draw_road, draw_scene
from lpr.sim.drawing.styles import LOOKS, Style, invent, style_of
from scada.__main__ import main
from scada.model.plate import PROVINCES, Plate

PLATE = Plate("京A12345")
DAMAGES: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "dirty": lambda seen, rng: damage.dirty(seen, rng, 0.2),
    "snowed": lambda seen, rng: damage.snowed(seen, rng, 0.2),
    "covered": lambda seen, rng: damage.covered(seen, rng, 0.2),
    "worn": lambda seen, rng: damage.worn(seen, rng, 0.5),
    "moved": lambda seen, _: damage.moved(seen, 9, 40),
    "unfocused": lambda seen, _: damage.unfocused(seen, 2),
    "noisy": lambda seen, rng: damage.noisy(seen, rng, 5),
    "night": lambda seen, rng: damage.night(seen, rng, 0.5),
    "dazzled": lambda seen, _: damage.dazzled(seen, [(100, 60)], 40),
    "sunny": lambda seen, _: damage.sunny(seen),
    "backlit": lambda seen, _: damage.backlit(seen, 0.7),
    "foggy": lambda seen, _: damage.foggy(seen, 0.4),
    "rainy": lambda seen, rng: damage.rainy(seen, rng, 1),
    "snowy": lambda seen, rng: damage.snowy(seen, rng, 1),
    "farther": lambda seen, _: damage.farther(seen, 0.4),
    "turned": lambda seen, _: damage.turned(seen, 9),
    "jpeg": lambda seen, _: damage.through_jpeg(seen, 30),
}


@pytest.mark.parametrize("style", Style)
def test_every_look_is_drawn_with_a_plate_of_its_kind(style: Style) -> None:
    look = LOOKS[style]
    for number in range(20):
        plate = invent(style, np.random.default_rng(number), PROVINCES[number])
        assert len(plate) == look.signs
        if len(look.rows) == 1:
            assert parse(plate) is look.kind
            assert style_of(plate) is (Style.BLUE if style is Style.YELLOW else style)
    face = draw_plate(plate, style)
    assert face.shape == (round(look.height * 2), round(look.width * 2), 3)
    for number, channel in enumerate(look.ground[::-1]):
        assert abs(int(face[face.shape[0] - 4, face.shape[1] // 2, number]) - channel) < 8, "the ground's colour, below"


@pytest.mark.parametrize("style", Style)
def test_no_sign_of_a_plate_leaves_it_or_touches_another(style: Style) -> None:
    look = LOOKS[style]
    floor = 0.0
    for row in look.rows:
        wide = row.signs * row.wide + (row.signs - 1) * row.gap + (row.wide_gap - row.gap if row.wide_after else 0)
        assert row.left >= 12
        assert row.left + wide <= look.width - 12
        assert row.top > floor
        floor = row.top + row.high
    assert floor <= look.height - 8


def test_an_ordinary_plate_is_laid_out_to_the_millimetre() -> None:
    face = draw_plate(Plate("京HHHHHH")).astype(int)
    is_ink = np.abs(face - face[60, 240]).max(axis=2) > 60
    for left in (72.5, *(151.5 + number * 57 for number in range(5))):
        inside, outside = round(left * 2) + 4, round(left * 2) - 4
        assert is_ink[60:220, inside].all(), "an H fills its cell from its left edge on, 90 mm high"
        assert not is_ink[60:220, outside].any()
    assert is_ink[140, 269], "the dot, 17 mm behind the second sign"
    assert not is_ink[140, 269 - 16]


def test_what_is_no_plate_cannot_be_drawn() -> None:
    with pytest.raises(DrawError, match="HELLO"):
        draw_plate(Plate("HELLO"))
    with pytest.raises(DrawError, match="embassy"):
        draw_plate(Plate("京A1234567"), Style.EMBASSY)


def test_the_same_seed_draws_the_same_scene_and_another_seed_another() -> None:
    assert np.array_equal(draw_scene(PLATE, 9), draw_scene(PLATE, 9))
    assert not np.array_equal(draw_scene(PLATE, 9), draw_scene(PLATE, 10))
    assert draw_scene(PLATE, 9).shape == draw_road(9).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_changes_a_copy_and_is_the_same_for_the_same_seed(name: str) -> None:
    plain = draw_plate(PLATE)
    before = plain.copy()
    one, other = (DAMAGES[name](plain, np.random.default_rng(4)) for _ in range(2))
    assert one.shape == plain.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, other)
    assert not np.array_equal(one, plain)
    assert np.array_equal(plain, before)


def test_more_dirt_hides_more_of_a_plate() -> None:
    plain = draw_plate(PLATE).astype(int)
    hidden = [
        np.abs(damage.dirty(draw_plate(PLATE), np.random.default_rng(3), share) - plain).mean()
        for share in (0.05, 0.2, 0.5)
    ]
    assert hidden == sorted(hidden)


@pytest.mark.parametrize("story", Story)
def test_a_film_tells_its_story(story: Story) -> None:
    first, second = Car(PLATE, 3), Car(Plate("沪B67890"), 4)
    moments = list(film(story, first, second, 30))
    metres = [moment.cars[0].metres if moment.cars else None for moment in moments]
    plates = [moment.plate for moment in moments]
    match story:
        case Story.APPROACH:
            assert (metres[0], metres[-1]) == (FAR_M, BOOM_M)
        case Story.STAND:
            assert set(metres) == {BOOM_M}
        case Story.THROUGH:
            assert metres[-1] is None
            assert (plates[0], plates[-1]) == (PLATE, "")
        case Story.FOLLOWER:
            assert (plates[0], plates[-1]) == (PLATE, second.plate)
            assert plates == sorted(plates, key=[PLATE, "", second.plate].index), "one after the other, never mixed"
        case Story.BACK_OUT:
            assert metres[0] == metres[-1] == FAR_M
            assert min(one for one in metres if one is not None) == BOOM_M
    assert moments[0].draw().shape == (HEIGHT, WIDTH, 3)
    assert not np.array_equal(moments[0].draw(), moments[1].draw())


def test_a_set_is_written_with_its_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sets.main([str(tmp_path / "one"), "--set", "hard", "--count", "4", "--seed", "3"]) == 0
    assert "4 pictures" in capsys.readouterr().out
    with (tmp_path / "one" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == sorted(path.name for path in (tmp_path / "one").glob("*.jpg"))
    assert all(row["plate"] and row["type"] and row["kind"] and row["seen"] for row in rows)
    sets.main([str(tmp_path / "other"), "--set", "hard", "--count", "4", "--seed", "3"])
    for row in rows:
        assert (tmp_path / "one" / row["file"]).read_bytes() == (tmp_path / "other" / row["file"]).read_bytes()


@pytest.mark.parametrize("name", sets.SETS)
def test_every_set_can_be_drawn(name: str) -> None:
    count = 2
    samples = list(sets.SETS[name](1, count))
    assert len(samples) == (count * len(Story) if name == "films" else count)
    assert all((sample.style is None) == (sample.plate == "") for sample in samples)


def test_the_kinds_come_round_with_all_provinces() -> None:
    drawn = [invent(style, np.random.default_rng(1), province) for style in Style for province in PROVINCES]
    assert set(PROVINCES) <= {plate[0] for plate in drawn}


def test_a_set_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert sets.main([str(tmp_path / "file")]) == 2
    assert "draw-plates" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        sets.main([str(tmp_path), "--count", "0"])


def test_the_command_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "draw-plates" in capsys.readouterr().out


def test_the_catalogue_lists_whole_photographs_only(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"x")
    lines = ["file,plate", "photos/one.jpg,京·A12345", "photos/gone.jpg,京A1", "crops/c.jpg,京A12346"]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    assert [(one.photo, one.plate) for one in catalogue(tmp_path)] == [("photos/one.jpg", "京A12345")]
    assert catalogue(tmp_path / "photos") == []
