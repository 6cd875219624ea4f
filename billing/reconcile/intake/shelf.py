"""The bills as WeChat made them, kept as files: what was compared can be shown to an auditor."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billing.pay.billfile import BillFile, checked
from billing.reconcile.intake.days import Kind


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of bills, readable by its owner only: payers' ids stand in them."""

    folder: Path

    def keep(self, day: date, kind: Kind, file: BillFile) -> None:
        """Write a bill, whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(day, kind)
        draft = path.with_suffix(".draft")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(file.content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)

    def take(self, day: date, kind: Kind, sha1: str) -> BillFile:
        """Read a bill. Raises OSError if it is not there, BillError if it is not the one that was kept."""
        return checked(self._path(day, kind).read_bytes(), sha1)

    def sweep(self, before: date) -> None:
        """Remove the bills of days before this one."""
        for path in self._files():
            if path.name[:10] < before.isoformat():
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return self.folder.glob("????-??-??.*.bill")

    def _path(self, day: date, kind: Kind) -> Path:
        return self.folder / f"{day.isoformat()}.{kind.value}.bill"
