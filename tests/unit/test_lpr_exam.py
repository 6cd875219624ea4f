"""Files of labels as people make them."""

from pathlib import Path

import pytest

from lpr.exam import LabelsError, Sheet, chosen, examine, labelled


class Blind:
    """A reader that sees nothing."""

    name = "blind"

    def read(self, frame: object) -> list[object]:
        return []


def sheets(folder: Path, content: bytes) -> list[Sheet]:
    (folder / "labels.csv").write_bytes(content)
    return labelled(folder / "labels.csv")


def test_labels_with_a_byte_order_mark_windows_lines_and_absolute_paths_are_read(tmp_path: Path) -> None:
    content = "\ufefffile,plate,by\r\na.jpg,京 a·12345,li\r\n/srv/b.jpg,\r\na.jpg,沪B12345,li,more\r\n"
    found = sheets(tmp_path, content.encode())
    assert [(one.path, one.plate) for one in found] == [
        (tmp_path / "a.jpg", "京A12345"),
        (Path("/srv/b.jpg"), ""),
        (tmp_path / "a.jpg", "沪B12345"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("file,plate\na.jpg,京A12345\n".encode("gbk"), "utf-8"),
        ("file,plate\na.jpg,京A12345\n,京A12345\n".encode(), "row 3 names no file"),
        ("plate,file\n京A12345\n".encode(), "row 2 names no file"),
        (b"file,number\na.jpg,1\n", "no column plate"),
        (b"file,plate\n", "no rows"),
    ],
)
def test_labels_that_cannot_be_used_say_why(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(LabelsError, match=why):
        sheets(tmp_path, content)


def test_what_is_no_picture_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("no picture")
    images = [tmp_path, tmp_path / "words.jpg", tmp_path / "nowhere.jpg", Path("a\0b.jpg")]
    known = [Sheet("words.jpg", tmp_path / "words.jpg")]
    answers = list(examine(Blind(), chosen(images[:3], known)))  # type: ignore[arg-type]
    answers += examine(Blind(), [Sheet("a", images[3])])  # type: ignore[arg-type]
    assert all(answer.trouble and answer.guess is None for answer in answers)
    assert len(answers) == len(images)
