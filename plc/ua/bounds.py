"""A bound that asyncua lacks: an array of nothing has no bytes, so that its length alone keeps a loop for hours."""

from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError


class _Nothing:
    """How arrays of the type Null are read: part 6 of the standard knows none."""

    def unpack_array(self, _data: object, length: int) -> tuple[None, ...]:
        """Refuse every one that has elements. Raises UaError."""
        if length > 0:
            raise UaError(f"an array of {length} times nothing")
        return ()


def bound_arrays() -> None:
    """Let asyncua read such arrays so; once for the process, twice is harmless. Before anything is decoded."""
    ua_binary.Primitives1.Null = _Nothing()  # type: ignore[attr-defined]  # the seam: it looks for a type's reader here
