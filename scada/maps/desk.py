"""The control bridge's verbs about the tag map; the desk checks the rights, and the person is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from plc.map.findings import Finding
from scada.engine.doors.asked import optional, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.maps.inuse import Applied, Refused, SiteMap
from scada.store.operators import Operators

LONGEST_WAIT_S = 25
"""How long an ask may wait for lanes to be idle; whoever wants more asks again."""
MOST_FINDINGS = 200


class MapDesk:
    """Answers about the map, and takes another one."""

    def __init__(self, maps: SiteMap, operators: Operators) -> None:
        self._maps = maps
        self._operators = operators

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {"tag_map": self._show, "reload_tags": self._reload, "rollback_tags": self._go_back}

    async def _show(self, _ask: Ask) -> object:
        """Tell the version in use, all versions, and why lanes have no AUTO."""
        versions = await self._maps.versions()
        return {
            "version": self._maps.version,
            "versions": [
                {"number": one.number, "at": one.at.isoformat(), "by": one.by, "why": one.why, "sha": one.sha}
                for one in versions
            ],
            "no_auto": dict(self._maps.tag_map.no_auto),
        }

    async def _reload(self, ask: Ask) -> object:
        """Lint the files and say what differs; unless it is a dry run, apply it as lanes are idle."""
        if ask.args.get("dry") is True:
            proposal = await self._maps.propose()
            if isinstance(proposal, Refused):
                return {"ok": False, "findings": told(proposal.findings)}
            return {"ok": True, "findings": told(proposal.findings), "differences": proposal.found.as_json()}
        wait_s = whole_number(ask, "wait_s", 0, LONGEST_WAIT_S)
        return outcome_of(await self._maps.reload(ask.user, optional(ask, "why"), wait_s))

    async def _go_back(self, ask: Ask) -> object:
        """Use a former version again; a second person stands for it, unless it undoes what has just come."""
        number, wait_s = whole_number(ask, "version", 1, 1_000_000), whole_number(ask, "wait_s", 0, LONGEST_WAIT_S)
        second, why = "", await self._maps.needs_second(number)
        if why:
            second = await second_person(self._operators, ask, why, "sign_map")
        outcome = await self._maps.go_back(number, ask.user, second, optional(ask, "why"), wait_s)
        if outcome is None:
            raise BridgeRefusal("bad_args", f"there is no version {number}")
        return outcome_of(outcome)


def outcome_of(outcome: Applied | Refused) -> object:
    """Tell what became of a map."""
    match outcome:
        case Refused(findings):
            return {"ok": False, "findings": told(findings)}
        case Applied(version, done, waiting):
            return {"ok": True, "version": version, "done": list(done), "waiting": dict(waiting)}


def told(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Give what is wrong or doubtful, as many as a person reads."""
    return [asdict(finding) for finding in findings[:MOST_FINDINGS]]
