"""What lock files say: packages of Python, and of JavaScript that our pages' libraries were bundled from. Pure."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,._-]+\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"#\s+(?:via\s+)?([A-Za-z0-9._-]+)(?: \(.*\))?")
_MODULES = "node_modules/"


class LockError(ValueError):
    """A lock file that cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Part:
    """One package with the hashes of its files, and which others want it."""

    kind: str
    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    wanted_by: tuple[str, ...] = ()
    licence: str = ""

    @property
    def purl(self) -> str:
        """Its name as other programs know it."""
        name = self.name.replace("@", "%40")
        return f"pkg:{self.kind}/{name}@{self.version}"


def python_parts(text: str) -> Iterator[Part]:
    """Read a requirements.txt with pins and hashes. Raises LockError for a package without them."""
    for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        pin = _PIN.match(lines[0]) if lines else None
        if pin is None:
            if all(line.startswith("#") for line in lines):
                continue
            raise LockError(f"requirements: {lines[0][:60]!r} is no pinned package")
        hashes = tuple(("SHA-256", found) for found in sorted(_HASH.findall(block)))
        if not hashes:
            raise LockError(f"requirements: {pin[1]} has no hash")
        via = [_VIA.fullmatch(line) for line in lines if line.startswith("#")]
        wanted_by = tuple(sorted({one[1] for one in via if one is not None and one[1] != "via"}))
        yield Part("pypi", pin[1], pin[2], hashes, wanted_by)


def script_parts(text: str, entries: frozenset[str]) -> Iterator[Part]:
    """Read a package-lock.json: the entries and all that they are made of, and nothing else in it. Raises LockError."""
    try:
        packages = json.loads(text)["packages"]
        wanted: dict[str, set[str]] = {name: set() for name in entries}
        todo = sorted(entries)
        while todo:
            name = todo.pop()
            for needs in packages[f"{_MODULES}{name}"].get("dependencies", {}):
                if needs not in wanted:
                    todo.append(needs)
                wanted.setdefault(needs, set()).add(name)
        for name in sorted(wanted):
            held = packages[f"{_MODULES}{name}"]
            digest = base64.b64decode(held["integrity"].removeprefix("sha512-")).hex()
            told = held.get("license", "")
            yield Part("npm", name, held["version"], (("SHA-512", digest),), tuple(sorted(wanted[name])), told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LockError(f"package-lock.json: {error!r}") from error
