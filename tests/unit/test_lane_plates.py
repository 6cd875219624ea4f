"""What people type: plates in normal form, and a guard against what cannot be one."""

import pytest

from scada.model.plate import is_plausible, normal_form


@pytest.mark.parametrize(
    "typed", ["京a·12345", "粤BD12345", "粤Z1234港", "WJ京1234X", "使123456", "VA12345", "民航B1234", "京A1234学"]
)
def test_a_plate_that_is_driven_about_may_be_typed(typed: str) -> None:
    assert is_plausible(normal_form(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "京A1234",
        "京A12345678",
        "京512345",
        "京A1234!",
        "V<b>x</b>",
        "WJ';DROP",
        "K\n\n\n\n\n\n\n",
        "使=1+1=2",
        "京A123４5",
    ],
)
def test_what_cannot_be_a_plate_is_refused_whatever_it_begins_with(typed: str) -> None:
    assert not is_plausible(normal_form(typed))
