"""The control room's verbs about tags: what each is and how it is, and a technician's hand on it, with his name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.engine.tag.forcing import LONGEST_MIN, Forced, Forcing
from scada.engine.tags import TagTable
from scada.engine.writing import Confirmed, Unknown
from scada.model.interlock import Refused, Writer, why_not_by_hand, why_not_forced
from scada.model.tag import Quality, TagName, TagSpec, Value

MOST_NAMES = 200
"""Tags that one ask may be about: what a screen shows."""
LONGEST_REASON = 200
KINDS: Mapping[str, Callable[[Quality], bool]] = {
    "all": lambda _: True,
    "doubtful": lambda quality: not quality.is_good,
    "forced": lambda quality: quality is Quality.FORCED,
}

Place = tuple[str, str]
"""Where a tag lives, as a technician writes it, and its class; both empty for the server's own."""


@dataclass(frozen=True, slots=True)
class TagDesk:
    """Answers about tags; the desk checks the rights. `place` gives a tag's address and class from the map."""

    tags: TagTable
    place: Callable[[TagName], Place]
    forcing: Forcing
    clock: Clock

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {
            "tag_facts": self._facts,
            "tag_places": self._places,
            "tags": self._list,
            "forced_tags": self._forced,
            "force_tag": self._force,
            "unforce_tag": self._unforce,
            "write_tag": self._write,
            "trends": self._trends,
        }

    async def _facts(self, ask: Ask) -> object:
        """Say what the named tags are; a name that is no tag is left out."""
        return {spec.name: self._fact(spec) for spec in self._named(ask)}

    async def _places(self, _ask: Ask) -> object:
        """Give all names by device and class: the tree in which technicians look; the server's own have no device."""
        found: dict[Place, list[TagName]] = {}
        for name in sorted(self.tags.snapshot()):
            found.setdefault((self.tags.spec(name).device, self.place(name)[1]), []).append(name)
        return [{"device": device, "class": scan, "tags": names} for (device, scan), names in sorted(found.items())]

    async def _trends(self, ask: Ask) -> object:
        """Let a person see trends, whose points the asking process reads itself; say the tags' units."""
        return {spec.name: spec.unit for spec in self._named(ask)}

    def _named(self, ask: Ask) -> list[TagSpec]:
        names = ask.args.get("names")
        if not isinstance(names, list) or len(names) > MOST_NAMES:
            raise BridgeRefusal("bad_args", f"names: a list of at most {MOST_NAMES}")
        return [self.tags.spec(TagName(name)) for name in names if isinstance(name, str) and name in self.tags]

    def _fact(self, spec: TagSpec) -> dict[str, object]:
        address, scan = self.place(spec.name)
        shown = self.tags.get(spec.name)
        return {
            "device": spec.device,
            "address": address,
            "class": scan,
            "access": spec.access.value,
            "shape": spec.shape.value if spec.shape else "",
            "unit": spec.unit,
            "lo": spec.lo,
            "hi": spec.hi,
            "stale_s": spec.stale_s,
            "safe": spec.safe,
            "formula": spec.formula,
            "pulse_s": spec.pulse_s,
            "wrong": self.tags.wrong(spec.name),
            "not_forced": why_not_forced(spec),
            "not_written": why_not_by_hand(spec),
            "description": spec.description,
            "description_zh": spec.description_zh,
            "source_at": shown.source_at.isoformat() if shown.source_at else None,
        }

    async def _list(self, ask: Ask) -> object:
        """Give the tags whose names hold every word of `find`, as they are now, a page at a time."""
        words = str(ask.args.get("find") or "").lower().split()
        takes = KINDS.get(str(ask.args.get("kind") or "all"))
        if takes is None:
            raise BridgeRefusal("bad_args", f"kind: one of {', '.join(KINDS)}")
        first, limit = ask.args.get("from", 0), ask.args.get("limit", MOST_NAMES)
        if not isinstance(first, int) or not isinstance(limit, int) or first < 0 or limit < 1:
            raise BridgeRefusal("bad_args", "from and limit are whole numbers")
        names = sorted(
            name
            for name, seen in self.tags.snapshot().items()
            if takes(seen.quality) and all(word in name for word in words)
        )
        page = names[first : first + min(limit, MOST_NAMES)]
        return {"count": len(names), "from": first, "tags": [self._now(name) for name in page]}

    def _now(self, name: TagName) -> dict[str, object]:
        seen, spec = self.tags.get(name), self.tags.spec(name)
        address, scan = self.place(name)
        return {
            "name": name,
            "value": seen.value,
            "unit": spec.unit,
            "quality": seen.quality.name,
            "status": f"0x{seen.quality.status_code:08X}",
            "age_s": round(self.clock.seconds() - seen.seen_s, 3) if seen.seq else None,
            "seen_at": seen.seen_at.isoformat() if seen.seq else None,
            "source_at": seen.source_at.isoformat() if seen.source_at else None,
            "device": spec.device,
            "address": address,
            "class": scan,
        }

    async def _forced(self, _ask: Ask) -> object:
        """Give what is forced now, with what is read behind it."""
        return [self._forced_row(forced) for forced in self.forcing.forced.values()]

    def _forced_row(self, forced: Forced) -> dict[str, object]:
        real = self.tags.real(forced.name)
        told = {"name": forced.name, "value": forced.value, "by": forced.by, "why": forced.why}
        times = {"at": forced.at, "until": forced.until}
        return {**told, **{key: as_json(at) for key, at in times.items()}, "real": real.value, "is": real.quality.name}

    async def _force(self, ask: Ask) -> object:
        """Put a value over a tag for some minutes."""
        name, value, why = self._name(ask), _value(ask), _reason(ask)
        done = await self.forcing.force(name, value, ask.user, why, whole_number(ask, "minutes", 1, LONGEST_MIN))
        if isinstance(done, Refused):
            raise BridgeRefusal("refused", done.why)
        return self._forced_row(done)

    async def _unforce(self, ask: Ask) -> object:
        """Show what is read again."""
        done = await self.forcing.release(self._name(ask), ask.user, _reason(ask))
        if isinstance(done, Refused):
            raise BridgeRefusal("refused", done.why)
        return {"accepted": True}

    async def _write(self, ask: Ask) -> object:
        """Write a tag by the one path, as a person."""
        name, value, why = self._name(ask), _value(ask), _reason(ask)
        match await self.tags.write(name, value, ask.user, why, Writer.PERSON):
            case Confirmed():
                return {"accepted": True}
            case Refused(why):
                raise BridgeRefusal("refused", why)
            case Unknown(why):
                raise BridgeRefusal("unknown", f"{why}; look at the device")

    def _name(self, ask: Ask) -> TagName:
        name = TagName(text_of(ask, "name"))
        if name not in self.tags:
            raise BridgeRefusal("gone", f"there is no tag {name}")
        return name


def _value(ask: Ask) -> Value:
    value = ask.args.get("value")
    if not isinstance(value, bool | int | float | str):
        raise BridgeRefusal("bad_args", "value: 0 or 1, a number or a text")
    return value


def _reason(ask: Ask) -> str:
    reason = text_of(ask, "why").strip()[:LONGEST_REASON]
    if not reason:
        raise BridgeRefusal("bad_args", "a hand on a tag needs a reason")
    return reason
