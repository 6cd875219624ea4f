"""Whatever a unit says, its answer opens nothing."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lpr.push.makes import MAKES
from lpr.push.words import Post, PushError
from tests.support.units import dahua, hikvision, huaxia, vz

FIXED = {
    frozenset({"Response_AlarmInfoPlate"}),
    frozenset({"error_num", "error_str"}),
    frozenset({"Result"}),
}
INSIDE = {"info": "kept", "content": "retransfer_stop"}
texts = st.text(max_size=40) | st.sampled_from(("ok", '"},"info":"ok"', "gpio_data", '{"ivs_ioctrl":1}'))
numbers = st.integers() | texts | st.none() | st.floats(allow_nan=False)


def opens_nothing(body: bytes) -> bool:
    """Say whether an answer is one of the fixed forms, with nothing of the unit's own in it but a number."""
    if not body:
        return True
    told = json.loads(body)
    if frozenset(told) not in FIXED:
        return False
    inside = told.get("Response_AlarmInfoPlate", INSIDE)
    more = {name: value for name, value in inside.items() if name not in INSIDE}
    late = more.pop("ContinuePushOffline", {"plateid": 0, "continue": 1})
    counted = isinstance(more.pop("plateid", 0), int) and isinstance(late["plateid"], int)
    fixed = {name: inside[name] for name in INSIDE} == INSIDE and set(late) == {"plateid", "continue"}
    plain = told.get("Result", True) is True and told.get("error_num", 0) == 0
    return counted and fixed and plain and not more


@given(
    text=texts,
    number=numbers,
    late=st.sampled_from((0, 1, "1", "ok", None)),
    make=st.sampled_from(("vz", "huaxia", "hikvision", "dahua")),
)
def test_no_field_of_a_read_finds_its_way_into_an_answer(text: str, number: object, late: object, make: str) -> None:
    safe = text.encode("utf-8", "replace").decode()
    posts = {"vz": vz(safe, plateid=number, isoffline=late), "huaxia": huaxia(safe), "dahua": dahua(safe)}
    post = posts.get(make) or hikvision(safe)
    try:
        _, told = MAKES[make](post)
    except PushError:
        return
    assert opens_nothing(told.body)


@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(("application/json", "text/xml", "multipart/form-data; boundary=b", "")),
    make=st.sampled_from(sorted(MAKES)),
)
def test_any_bytes_are_understood_or_refused(body: bytes, kind: str, make: str) -> None:
    try:
        _, told = MAKES[make](Post("", kind, body))
    except PushError:
        return
    assert opens_nothing(told.body)
