"""A list of parts as CycloneDX 1.5: the same parts give the same bytes. Pure."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Final

from scada.bom.locked import Part

_OURS: Final = uuid.UUID("8a9f6a5e-4b1d-4f0e-9d4b-6d1f0c2e7a10")


def document(version: str, parts: Iterable[Part]) -> dict[str, object]:
    """Write the list for a version of daozha."""
    found = sorted(parts, key=lambda part: part.purl)
    root = f"pkg:pypi/daozha@{version}"
    by_name = {part.name: part.purl for part in found}
    needs: dict[str, list[str]] = {ref: [] for ref in (root, *(part.purl for part in found))}
    for part in found:
        for name in part.wanted_by or ("daozha",):
            needs[by_name.get(name, root)].append(part.purl)
    serial = uuid.uuid5(_OURS, "\n".join([root, *(part.purl for part in found)]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": root, "name": "daozha", "version": version}},
        "components": [_component(part) for part in found],
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(on))} for ref, on in needs.items()],
    }


def _component(part: Part) -> Mapping[str, object]:
    """One part; its hashes are those of the files that the lock file lets in, whichever is installed."""
    told: dict[str, object] = {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
        "hashes": [{"alg": alg, "content": content} for alg, content in part.hashes],
    }
    return told | ({"licenses": [{"license": {"id": part.licence}}]} if part.licence else {})
