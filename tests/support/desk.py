"""What a plant says at the desk: a car that nobody can match at the exit, a paper, and all of the car."""

import base64
import io

from PIL import Image

from tests.support.hmi import FakePlant, Json, Refusal

AT = "2026-11-26T02:15:00.123456+00:00"
LATER = "2026-11-26T02:15:01.123456+00:00"
PASSAGE, STAY = "out1-20261126021459-7", "01KAZ0000000000000000000AB"
CAR_CASE = f"passage:{PASSAGE}"
PAPER = "tailgate:01KAZ0000000000000000000CD"
ACTS = (
    "open", "plate", "stay", "came-in", "send-fee", "send-back", "cash", "hold-open", "lock", "auto", "leave-resync",
    "confirm-fault", "end-stay", "refund", "plate-history",
)  # fmt: skip
ILLEGAL = {
    "came-in": "its stay is known",
    "auto": "the lane is in mode AUTO already",
    "leave-resync": "the lane is not in RESYNC",
    "confirm-fault": "the lane is not in RESYNC",
    "end-stay": "its car stands at a boom now",
    "refund": "nothing was paid for this stay by WeChat",
}


def _case(ref: str, kind: str, why: str, **more: object) -> Json:
    blank = {"since": AT, "lane": "out1", "passage": "", "stay": "", "way_out": True, "owner": "", "answered_at": None}
    return {
        "ref": ref,
        "kind": kind,
        "why": why,
        **blank,
        "offered": "",
        "on_call": False,
        "paper": False,
        "outcomes": [],
        **more,
    }


class DeskPlant:
    """A desk's worth of state behind a fake plant: cases are taken, settled and gone when they are resolved."""

    def __init__(self, plant: FakePlant) -> None:
        """Put the verbs and the tags into the plant."""
        self.plant = plant
        self.seq = 1
        self.cases = [
            _case(CAR_CASE, "no_stay", "no open stay under this plate", passage=PASSAGE, stay=STAY, offered="operator"),
            _case(
                PAPER,
                "tailgate",
                "a car followed another one out and owes its fee",
                paper=True,
                way_out=False,
                outcomes=["the debt stands", "told to the manager"],
            ),
        ]
        plant.verbs.update(
            sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
            recent_stays=lambda _args: [],
            journal=lambda _args: [],
            desk_cases=lambda _args: self.listed(),
            desk_here=lambda _args: {"seats": ["operator"]},
            take_desk_case=self.take,
            give_back_case=lambda args: self.own(args, ""),
            settle_desk_case=self.settle,
            desk_car=car,
            explain_fee=lambda _args: FEE,
            stay_money=lambda _args: [STORY],
            live_picture=lambda _args: {"jpeg_b64": JPEG, "age_s": 0.2},
            picture=lambda _args: {"jpeg_b64": JPEG, "covered": False},
            open_gate=self.open,
            open_stays=lambda _args: CANDIDATES,
            send_fee=lambda _args: {"accepted": True},
            plate_history=history,
        )
        plant.tell(
            {
                "out1.passage": PASSAGE,
                "out1.stay": STAY,
                "out1.plate.text": "京A12345",
                "out1.plate.colour": "BLUE",
                "out1.lane.state": "awaiting_operator",
                "out1.case": "no open stay under this plate",
                "out1.quote.due_fen": 1500,
                "out1.loop.approach": True,
                "site.cases_seq": self.seq,
            }
        )

    def listed(self) -> Json:
        """Give the list with its figures."""
        figures = {"cases": 4, "answered": 4, "answer_median_s": 6.0, "answer_p95_s": 9.0, "answered_in_time": 4,
                   "resolve_median_s": 31.0, "resolve_p95_s": 52.0, "resolved_in_time": 3}  # fmt: skip
        return {"seq": self.seq, "at": AT, "cases": self.cases, "figures": figures, "seats": []}

    def changed(self) -> None:
        """Tell that the list is another one."""
        self.seq += 1
        self.plant.tell({"site.cases_seq": self.seq})

    def own(self, args: Json, owner: str) -> Json:
        """Change who has a case."""
        case = next(one for one in self.cases if one["ref"] == args["case"])
        case["owner"] = owner
        self.changed()
        return case

    def take(self, args: Json) -> Json:
        """Take a case."""
        return {"taken": True, "case": self.own(args, "operator")}

    def settle(self, args: Json) -> Json:
        """Take a case off the list."""
        self.cases = [one for one in self.cases if one["ref"] != args["case"]]
        self.changed()
        return {"settled": True}

    def open(self, args: Json) -> Json:
        """Let the car go."""
        self.cases = [one for one in self.cases if one.get("passage") != args["passage"]]
        self.changed()
        return {"taken": True, "why": ""}


def _jpeg() -> str:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), (70, 90, 110)).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode("ascii")


JPEG = _jpeg()
CANDIDATES: list[Json] = [
    {"stay": STAY, "plate": "京A12346", "entered_at": AT, "lane": "in1", "picture": "20261126T1.jpg", "alike": 93},
    {"stay": f"{STAY[:-1]}C", "plate": "京A12845", "entered_at": AT, "lane": "in1", "picture": None, "alike": None},
]
FEE: Json = {
    "total_fen": 1500, "due_fen": 1500, "zh": ["停了 2 小时 10 分", "首小时 5 元", "之后每小时 5 元"],
    "en": ["Stayed 2 h 10 min", "First hour 5 yuan", "Then 5 yuan an hour"], "next_change_at": None,
    "next_total_fen": None,
}  # fmt: skip
STORY: Json = {
    "stay": {"id": STAY, "plate": "京A12346", "entered_at": AT},
    "quotes": [{"made_at": AT, "due_fen": 1500, "lane": "out1"}],
    "orders": [{"made_at": LATER, "out_trade_no": "D1", "amount_fen": 1500, "state": "OPEN"}],
    "payments": [], "notices": [], "refunds": [], "cash": [], "requests": [], "entries": [],
}  # fmt: skip


def car(args: Json) -> Json:
    """Tell all about the car at the exit, or about a paper's car that has gone."""
    is_live = args.get("passage") in ("", PASSAGE) and args.get("lane") == "out1" and args.get("case") != PAPER
    blank: Json = {"lane": args.get("lane", ""), "passage": args.get("passage", ""), "live": False, "state": "idle",
                   "why": "", "direction": "exit", "due": None, "reads": [], "ended": None, "stay": None,
                   "fake_exits": [], "candidates": [], "in_doubt": [], "at": AT}  # fmt: skip
    if not is_live:
        return {**blank, "legal": [{"act": act, "why": "no car at the boom"} for act in ACTS]}
    due = {"due_fen": 1500, "total_fen": 1500, "older_fen": 0, "credit_fen": 0, "minutes": 130, "order": "D1",
           "valid_until": AT}  # fmt: skip
    read = {"at": AT, "camera": "cam2", "plate": "京A12345", "confidence": 0.91, "why": "",
            "picture": "20261126T2.jpg", "frames": 4, "corrected": False}  # fmt: skip
    weak = {
        **read,
        "camera": "cam3",
        "plate": "京A1Z345",
        "confidence": 0.42,
        "why": "read too weakly",
        "picture": None,
    }
    stay = {"id": STAY, "plate": "京A12346", "plate_colour": "BLUE", "entry_lane": "in1", "entered_at": AT,
            "entry_picture": "20261126T1.jpg", "zone": "site", "ending": None, "exited_at": None, "exit_picture": None,
            "paid_fen": 0, "arrears_fen": 0, "paid_until": None}  # fmt: skip
    told = {"live": True, "passage": PASSAGE, "state": "awaiting_operator", "why": "no open stay under this plate",
            "due": due, "reads": [read, weak], "stay": stay, "candidates": CANDIDATES,
            "fake_exits": [{"id": "x", "lane": "out1", "ended_at": AT, "picture": None}]}  # fmt: skip
    return {**blank, **told, "legal": [{"act": act, "why": ILLEGAL.get(act, "")} for act in ACTS]}


def history(args: Json) -> list[Json]:
    """Tell one earlier visit, to who says what for."""
    if not args["purpose"]:
        raise Refusal("bad_args", "a plate is asked for with a purpose")
    return [{"id": STAY, "entry_lane": "in1", "entered_at": AT, "exit_lane": "out1", "exited_at": AT,
             "ending": "EXIT", "fee_fen": 500,
             "paid_fen": 500, "arrears_fen": 0, "entry_picture": None, "exit_picture": None}]  # fmt: skip
