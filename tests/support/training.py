"""Somebody who is trained: signs in at the training's control room and does at the desk what a person would."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scada.model.desk.cases import PAPERS
from scada.model.training.lessons import LESSONS
from scada.sim.people.operator import Desk
from scada.sim.people.pages import Browser, PageError
from scada.sim.trial.ports import free_port
from tests.support.hmi import ROOT

PAPER_KINDS = frozenset(kind.value for kind in PAPERS)
Json = dict[str, object]
LOOK_S = 0.3


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done about a lane or a case: the path below the API, and what goes with it."""

    path: str
    body: Mapping[str, object]


class Trainee:
    """One person's browser."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._url = url
        self._desk = Desk(url, name, password)
        self._desk.sign_in()
        self._browser: Browser = self._desk._browser
        self._token = self._desk._token
        self._left: Collection[str] = ()

    def state(self) -> Json:
        """Give what the page shows. Raises PageError while the plant starts anew."""
        found = self.get("training")
        if "now" not in found:
            raise PageError(f"training: {found}")
        return found

    def get(self, path: str) -> Json:
        """Get something of the API."""
        found = self._browser.json(f"{self._url}/api/v1/{path}")
        assert isinstance(found, dict), found
        return found

    def do(self, path: str, **body: object) -> Json:
        """Post something; gives the answer, a refusal too."""
        found = self._browser.send(f"{self._url}/api/v1/{path}", body, **{"X-CSRFToken": self._token})
        assert isinstance(found, dict), found
        return found

    def begin(self, lesson: str) -> None:
        """Begin a lesson, as soon as the room is free."""
        self.until(lambda: self.state()["now"] is None, 90)
        self._left = self._cases()
        assert self.do("training/lessons", lesson=lesson) == {"begun": True}

    def case(self, within_s: float = 120.0) -> Json:
        """Wait until a case stands at the desk that no lesson before has left there, and take it."""
        found: list[Json] = []

        def look() -> bool:
            state = self.state()
            now, cases = state["now"], self._cases()
            assert isinstance(now, dict), f"the lesson is over: {state['trouble']}"
            is_on, kind = now["phase"] in ("waiting", "running"), LESSONS[str(now["lesson"])].kind
            new = [one for ref, one in cases.items() if ref not in self._left]
            fits = [one for one in new if one["kind"] == kind or (not one["paper"] and kind not in PAPER_KINDS)]
            found[:] = [one for one in fits if is_on and not one["owner"]]
            return bool(found)

        self.until(look, within_s)
        self.do("desk/cases/take", case=found[0]["ref"])
        return found[0]

    def _cases(self) -> dict[str, Json]:
        cases = self.get("desk/cases")["cases"]
        assert isinstance(cases, list)
        return {str(one["ref"]): one for one in cases}

    def answer(self, lesson: str, case: Json) -> None:
        """Do the right deed, again while it is refused: the lane may need a moment."""
        lane, passage = str(case["lane"]), str(case["passage"])
        for deed in self.right(lesson, case, self.plate()):
            path = deed.path.format(lane=lane)
            body = {"passage": passage, **deed.body} if "{lane}" in deed.path else deed.body

            def accepted(path: str = path, body: Mapping[str, object] = body) -> bool:
                return "why" not in (answer := self.do(path, **body)) or not answer["why"]

            self.until(accepted, 60)

    def plate(self) -> str:
        """Hear which plate the driver says."""
        now = self.state()["now"]
        found = re.search(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}", str(now["heard"])) if isinstance(now, dict) else None
        return found.group() if found else ""

    def right(self, lesson: str, case: Json, plate: str) -> list[Deed]:
        """Say what is right, in the words of the API."""
        lane = "lanes/{lane}/"
        match lesson:
            case "unread-plate" | "camera-dead" | "misread" | "two-alike" | "month-card-misread":
                return [Deed(f"{lane}plate", {"plate": plate})]
            case "swapped-plate":
                return [Deed(f"{lane}stay", {"stay": self.newest_stay()})]
            case "locked-plate" | "full" | "reverse-out":
                return [Deed(f"{lane}send-back", {"reason": "not now"})]
            case "phone-dead":
                return [Deed(f"{lane}open", {"reason": "EQUIPMENT", "note": ""})]
            case "paid-not-arrived":
                return [Deed(f"{lane}open", {"reason": "PAID_NOT_ARRIVED", "note": ""})]
            case "ambulance":
                return [Deed(f"{lane}open", {"reason": "EMERGENCY", "note": ""})]
            case "uncertain-stay":
                doubt = int(str(case["ref"]).removeprefix("uncertain:"))
                return [Deed("stocktake/doubts", {"id": doubt, "found": "gone", "evidence": "seen on the picture"})]
            case "left-without-stay":
                return [Deed("desk/cases/settle", {"case": case["ref"], "outcome": "told to the manager", "note": ""})]
            case "payment-differs":
                ref = str(case["ref"]).removeprefix("money:")
                return [Deed("money/cases/close", {"case": ref, "outcome": "paid in full by WeChat's own word"})]
            case "tailgater":
                return [Deed("desk/cases/settle", {"case": case["ref"], "outcome": "the debt stands", "note": ""})]
            case "boom-broken":
                return [Deed(f"{lane}confirm-fault", {"note": "seen"})]
            case "plc-restarted":
                return [Deed(f"{lane}leave-resync", {"stands": "a car waits before the boom"})]
            case _:
                return []

    def newest_stay(self) -> str:
        """Name the stay that began last."""
        rows = self._browser.json(f"{self._url}/api/v1/open-stays")
        assert isinstance(rows, list)
        return str(max(rows, key=lambda row: row["entered_at"])["stay"])

    def result(self, within_s: float = 240.0) -> Json:
        """Wait until the lesson is over, and give its mark."""
        self.until(lambda: self.state()["now"] is None, within_s)
        state = self.state()
        results = state["results"]
        assert isinstance(results, list)
        assert results, state
        newest = results[0]
        assert isinstance(newest, dict)
        return newest

    def until(self, so: Callable[[], bool], within_s: float) -> None:
        """Wait for something."""
        end = time.monotonic() + within_s
        while True:
            with suppress(PageError):
                if so():
                    return
            assert time.monotonic() < end, f"not within {within_s} s"
            time.sleep(LOOK_S)

    def close(self) -> None:
        """Close the browser."""
        self._desk.close()


def solve(trainee: Trainee, lesson: str) -> Json:
    """Do what is right in a lesson, from its begin to its mark."""
    trainee.begin(lesson)
    case = trainee.case()
    trainee.answer(lesson, case)
    return trainee.result()


@contextmanager
def training(folder: Path) -> Iterator["Training"]:
    """Run `daozha train` as a person would, until the body is over."""
    port = free_port()
    command = [sys.executable, "-m", "scada", "train", "--config", str(ROOT / "config.toml"), "--port", str(port)]
    command += ["--trainee", "zhang", "--manager", "chief", "--records", str(folder / "records.jsonl"), "--seed", "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        passwords: dict[str, str] = {}
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := re.match(r"\s+sign in\s+(\S+)\s+(\S+)", line):
                    passwords[found[1]] = found[2]
                if "Ctrl-C" in line:
                    break
            assert passwords, f"the training did not come up: {process.poll()}"
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Training(f"http://127.0.0.1:{port}", passwords, process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True, slots=True)
class Training:
    """A training that runs: where its control room is, and who signs in with which password."""

    url: str
    passwords: Mapping[str, str]
    process: "subprocess.Popen[str]"
