"""The conversation: one question at a time, each with a proposal, until all answers make sense together."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from scada.commands.init.answers import InfluxSaid, LaneSaid, Plc, SiteSaid, WebSaid, WeChatSaid
from scada.commands.init.words import Language, said
from scada.model.digits import whole_of
from scada.settings.base import Section

Say = Callable[[str], None]
Hear = Callable[[str], str]
NOTHING: Final = "-"
_PORTS: Final = {"modbus-tcp": "502", "opcua": "4840"}
_FILES: Final = {
    "merchant_certificate_file": "apiclient_cert.pem",
    "private_key_file": "apiclient_key.pem",
    "apiv3_key_file": "apiv3_key.txt",
    "public_key_file": "pub_key.pem",
    "public_key_id_file": "pub_key_id.txt",
}
"""As the merchant platform names them; the last two may be missing."""
MOST_LANES: Final = 32


class Conversation:
    """Asks a person. `hear` gives an answer to a question, `say` tells what was wrong with it."""

    def __init__(self, language: Language, say: Say, hear: Hear) -> None:
        self._language = language
        self._say = say
        self._hear = hear

    def held(self, data: str, backups: str) -> dict[str, object]:
        """Ask everything; give it as a file of answers would."""
        self._say(said("welcome", self._language))
        found: dict[str, object] = {"site": self._section(SiteSaid, self._site)}
        named = [(f"in{n}", "entry", n) for n in _upto(self._number("entries", 1))]
        named += [(f"out{n}", "exit", n) for n in _upto(self._number("exits", 1))]
        found["lanes"] = [self._section(LaneSaid, partial(self._lane, *one)) for one in named]
        found["web"] = self._section(WebSaid, self._web)
        store = self._ask("store", "sqlite")
        found |= {} if store == "sqlite" else {"database_url_file": _file(store)}
        found |= self._history()
        found |= self._wechat()
        return found | {"data": self._ask("data", data), "backups": self._ask("backups", backups)}

    def _site(self) -> dict[str, object]:
        name = self._ask("site.id", "lot1")
        return {
            "id": name,
            "name": self._ask("site.name", "停车场"),
            "name_en": self._ask("site.name_en", "Car park"),
            "spaces": self._number("site.spaces", 100, most=1_000_000),
        }

    def _lane(self, name: str, direction: str, number: int) -> dict[str, object]:
        self._say(said("lane", self._language, lane=name))
        zh, en = ("入口", "Entry") if direction == "entry" else ("出口", "Exit")
        told: dict[str, object] = {"name": name, "direction": direction}
        told |= {"title": self._ask("title", f"{number}号{zh}"), "title_en": self._ask("title_en", f"{en} {number}")}
        told["plc"] = self._section(Plc, lambda: self._plc(name))
        camera = self._ask("camera", NOTHING)
        if camera != NOTHING:
            told["camera"] = camera
            user, file = self._ask("camera_user", NOTHING), self._ask("camera_password_file", NOTHING)
            told |= {} if user == NOTHING else {"camera_user": user}
            told |= {} if file == NOTHING else {"camera_password_file": _file(file)}
        return told

    def _plc(self, lane: str) -> dict[str, object]:
        protocol = self._ask("protocol", "modbus-tcp")
        told: dict[str, object] = {"protocol": protocol, "host": self._ask("host", "")}
        told["port"] = self._number("port", int(_PORTS.get(protocol, "502")), most=65_535)
        if protocol == "opcua":
            return told | {"node": self._ask("node", lane.capitalize())}
        return told | {"unit": self._number("unit", 1, most=255), "base": self._number("base", 0, most=60_000, least=0)}

    def _web(self) -> dict[str, object]:
        told: dict[str, object] = {"control": self._ask("control", "control.example.com")}
        told |= {"drivers": self._ask("drivers", "park.example.com")}
        told["lanes_address"] = self._ask("lanes_address", "127.0.0.1")
        networks = self._ask("networks", ",".join(WebSaid().networks))
        return told | {"networks": [one.strip() for one in networks.split(",") if one.strip()]}

    def _history(self) -> Mapping[str, object]:
        url = self._ask("history", "embedded")
        if url == "embedded":
            return {}

        def influx() -> dict[str, object]:
            told: dict[str, object] = {
                "url": url,
                "bucket": self._ask("bucket", "parking"),
                "org": self._ask("org", "-"),
            }
            token = self._ask("token_file", NOTHING)
            return told if token == NOTHING else told | {"token_file": _file(token)}

        return {"influx": self._section(InfluxSaid, influx)}

    def _wechat(self) -> Mapping[str, object]:
        folder = self._ask("wechat", "later")
        if folder == "later":
            return {}

        def account() -> dict[str, object]:
            told: dict[str, object] = {"mchid": self._ask("mchid", ""), "appid": self._ask("appid", "")}
            files = {key: Path(folder).expanduser().resolve() / name for key, name in _FILES.items()}
            needed = ("merchant_certificate_file", "private_key_file", "apiv3_key_file")
            return told | {key: str(file) for key, file in files.items() if key in needed or file.exists()}

        return {"wechat": self._section(WeChatSaid, account)}

    def _section(self, kind: type[Section], ask: Callable[[], dict[str, object]]) -> dict[str, object]:
        """Ask until the answers make sense; what was wrong is told, then asked again."""
        while True:
            told = ask()
            try:
                kind.model_validate(told)
            except ValidationError as error:
                wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
                self._say(said("wrong", self._language, why=wrong))
            else:
                return told

    def _ask(self, key: str, proposal: str) -> str:
        while True:
            question = said(key, self._language)
            answer = self._hear(f"{question} [{proposal}]: " if proposal else f"{question}: ").strip() or proposal
            if answer:
                return answer

    def _number(self, key: str, proposal: int, most: int = MOST_LANES, least: int = 1) -> int:
        while True:
            answer = self._ask(key, str(proposal))
            number = whole_of(answer, most)
            if number is not None and number >= least:
                return number
            self._say(said("wrong", self._language, why=f"{least}…{most}"))


def _upto(count: int) -> range:
    return range(1, count + 1)


def _file(path: str) -> str:
    return str(Path(path).expanduser().resolve())
