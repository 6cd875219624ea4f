"""What is packed comes back to the last bit, whatever it is."""

from hypothesis import given
from hypothesis import strategies as st

from scada.model.tag import Quality
from scada.store.historian.columns import Columns, Row, columns
from scada.store.historian.embedded.chunks import rows_of
from scada.store.historian.embedded.codec import decode, encode, same

DECIMALS = st.integers(-(10**12), 10**12).flatmap(lambda n: st.integers(0, 7).map(lambda places: n / 10**places))
FLOATS = st.floats(allow_nan=False, width=64)
SPECIALS = st.sampled_from([0.0, -0.0, 1.0, 2.0**53, -(2.0**53), 2.0**53 - 1, 1e308, 5e-324, float("inf"), 0.1])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CODES = st.sampled_from([quality.status_code for quality in Quality]) | st.integers(0, 2**32 - 1)


def _rows(values: st.SearchStrategy[float | None], texts: st.SearchStrategy[str | None]) -> st.SearchStrategy[Columns]:
    steps = st.lists(st.tuples(st.integers(1, 2**40), values, texts, CODES), min_size=1, max_size=60)

    def build(first: int, parts: list[tuple[int, float | None, str | None, int]]) -> Columns:
        rows, at = list[Row](), first
        for step, value, text, code in parts:
            rows.append((at, value, text, code))
            at += step
        return columns(rows)

    return st.builds(build, st.integers(-(2**45), 2**45), steps)


@given(
    _rows(DECIMALS | st.none(), st.none())
    | _rows(FLOATS | SPECIALS | st.none(), st.none())
    | _rows(DECIMALS | SPECIALS, st.none())
    | _rows(st.none(), TEXTS | st.none())
    | _rows(FLOATS | st.none(), TEXTS | st.none())
)
def test_a_chunk_gives_back_every_bit(points: Columns) -> None:
    back = decode(encode(points))
    assert same(back, points)
    assert list(map(repr, rows_of(back))) == list(map(repr, rows_of(points)))
