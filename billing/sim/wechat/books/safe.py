"""What the platform keeps on disk: it is a bank, so what it has taken and promised outlives its process.

A row is appended whenever it changes; of each name the last one counts. A kill leaves half a row at the end at most.
"""

import dataclasses
import io
import pickle
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from billing.sim.wechat.crypto import Caller

T = TypeVar("T")
Name = tuple[str, str]
_LENGTH: Final = struct.Struct(">I")
_PLAIN_VALUES: Final = ("datetime", "collections")


class Safe:
    """Rows by kind and name. For use from many threads; whoever changes a row holds its book's lock and keeps it."""

    def __init__(self, path: Path, caller: Caller) -> None:
        self._caller = caller
        self._lock = threading.Lock()
        self._rows: dict[Name, object] = {}
        self._names: dict[int, Name] = {}
        for name, row in _read(path, self._named):
            self._put(name, row)
        draft = path.with_name(f".{path.name}.new")
        self._file = draft.open("wb", buffering=0)
        for name, row in self._rows.items():
            self._append(name, row)
        draft.replace(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def keep(self, kind: str, name: str, row: object) -> None:
        """Keep a row as it is now."""
        with self._lock:
            self._put((kind, name), row)
            self._append((kind, name), row)

    def drop(self, kind: str, name: str) -> None:
        """Keep a row no longer."""
        with self._lock:
            self._put((kind, name), None)
            self._append((kind, name), None)

    def all(self, kind: str, of: type[T]) -> dict[str, T]:
        """Give what an earlier process has kept of a kind, in the order in which it was first kept."""
        return {name: row for (found, name), row in self._rows.items() if found == kind and isinstance(row, of)}

    def _put(self, name: Name, row: object) -> None:
        """Take a row in; one that is here already stays the same object, since others refer to it."""
        old = self._rows.get(name)
        if row is None:
            self._rows.pop(name, None)
            self._names.pop(id(old), None)
        elif old is not None and old is not row and dataclasses.is_dataclass(row):
            for field in dataclasses.fields(row):
                object.__setattr__(old, field.name, getattr(row, field.name))
        else:
            self._rows[name] = row
            self._names[id(row)] = name

    def _append(self, name: Name, row: object) -> None:
        written = io.BytesIO()
        _Pickler(written, self._caller, self._names, row).dump((name, row))
        self._file.write(_LENGTH.pack(written.tell()) + written.getvalue())

    def _named(self, name: object) -> object:
        return self._caller if name == "caller" else self._rows[name]  # type: ignore[index]


class _Pickler(pickle.Pickler):
    """Writes the merchant and other rows of the safe by name."""

    def __init__(self, file: io.BytesIO, caller: Caller, names: dict[int, Name], row: object) -> None:
        super().__init__(file)
        self._caller, self._names, self._row = caller, names, row

    def persistent_id(self, found: object) -> object:
        """Give the name of what is kept elsewhere."""
        if isinstance(found, Caller):
            return "caller"
        is_own = found is self._row or not dataclasses.is_dataclass(found)
        return None if is_own else self._names.get(id(found))


class _Unpickler(pickle.Unpickler):
    """Reads them back."""

    def __init__(self, file: io.BytesIO, named: Callable[[object], object]) -> None:
        super().__init__(file)
        self._named = named

    def find_class(self, module: str, name: str) -> type:
        """Give a class of the simulator's own or one of plain values: nothing else is made of a file."""
        if module.partition(".")[0] not in ("billing", "scada") and module not in _PLAIN_VALUES:
            raise pickle.UnpicklingError(f"{module}.{name}: none of this simulator's books")
        found = super().find_class(module, name)
        if not isinstance(found, type) or "." in name or found.__module__ != module:
            raise pickle.UnpicklingError(f"{module}.{name}: no class")
        return found

    def persistent_load(self, name: object) -> object:
        """Give what is kept elsewhere."""
        return self._named(name)


def _read(path: Path, named: Callable[[object], object]) -> Iterator[tuple[Name, object]]:
    """Read the rows in the order in which they were kept; half a row at the end was never answered for."""
    content = memoryview(path.read_bytes() if path.exists() else b"")
    while len(content) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack(content[: _LENGTH.size])[0]
        if len(content) < end:
            return
        yield _Unpickler(io.BytesIO(content[_LENGTH.size : end]), named).load()
        content = content[end:]
