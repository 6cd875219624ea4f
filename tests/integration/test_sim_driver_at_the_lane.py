"""A driver at the lane: he pays what the display's pixels say, claims by the page behind them, or waits."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
import segno

from scada.clock import SystemClock
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.people.driver import Counts, Driver, Mind, Surroundings
from scada.sim.road import CarName
from scada.sim.scenario import Person

LANE = LaneName("out1")
ME, OTHER = CarName("car-1"), CarName("car-2")
CAME = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
CODE = "weixin://wxpay/bizpayurl?pr=Abc123"


def offer(plate: str, at: datetime) -> str:
    marks = f'data-plate="{plate}" data-entered-at="{at.isoformat()}"'
    return f'<form action="/c/t/stay" {marks}><input name="stay" value="s1"></form>'


class Street(ThreadingHTTPServer):
    """Display, WeChat and public page in one: what is shown, and what the driver did."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.message = "reading"
        self.code = ""
        self.offered = ""
        self.did: list[tuple[str, object]] = []
        self.results = ["ok"]
        self.here: CarName | None = ME
        self.reversed: list[CarName] = []
        self.asked = set[str]()


class _Answer(BaseHTTPRequestHandler):
    server: Street

    def do_GET(self) -> None:
        street = self.server
        path, _, _ = self.path.partition("?")
        street.asked.add(self.path)
        if path.endswith("/state"):
            self._send(json.dumps({"message": street.message, "qr": "never looked at"}).encode())
        elif path.endswith("/qr.png"):
            picture = io.BytesIO()
            segno.make(street.code, error="m").save(picture, kind="png", scale=6)
            self._send(picture.getvalue())
        else:
            ask = '<form method="post"><input name="plate"></form>'
            state = "candidates" if street.offered else "asking"
            self._send(f'<body data-state="{state}">{street.offered}{ask}</body>'.encode())

    def do_POST(self) -> None:
        street = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/phone/pay":
            street.did.append(("pay", json.loads(body)["code_url"]))
            street.here = None if len(street.results) == 1 else street.here
            self._send(json.dumps({"result": street.results.pop(0)}).encode())
        elif self.path.endswith("/stay"):
            street.did.append(("stay", parse_qs(body)["stay"][0]))
            street.here = None
            self._send(b'<body data-state="accepted"></body>')
        else:
            street.did.append(("plate", parse_qs(body)["plate"][0]))
            self._send(f'<body data-state="candidates">{offer("京A12346", CAME)}</body>'.encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def street() -> Iterator[Street]:
    with Street() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def driver(street: Street, person: Person, mind: Mind | None = None) -> Driver:
    def back_out(car: CarName) -> None:
        street.reversed.append(car)
        street.here = OTHER

    around = Surroundings(
        street.url,
        street.url,
        at_boom=lambda lane, way: street.here if way is Direction.EXIT else None,
        back_out=back_out,
        clock=SystemClock(),
        speed=1.0,
        counts=Counts(),
    )
    return Driver(mind or Mind(ME, Plate("京A12345"), person, entered_at=CAME), around)


async def test_he_pays_the_code_that_the_displays_pixels_hold(street: Street) -> None:
    street.message, street.code = "scan_pay", CODE
    await driver(street, Person(pay_delay_s=0.0)).attend(LANE, Direction.EXIT)
    assert street.did == [("pay", CODE)]


async def test_he_reads_the_display_of_his_own_side(street: Street) -> None:
    street.message, street.code = "scan_pay", CODE
    await driver(street, Person(pay_delay_s=0.0)).attend(LANE, Direction.EXIT)
    assert street.asked == {"/display/out1/state?way=exit", "/display/out1/qr.png?way=exit"}


async def test_a_refused_payment_is_tried_again(street: Street) -> None:
    street.message, street.code, street.results = "scan_pay", CODE, ["failed", "ok"]
    await driver(street, Person(pay_delay_s=0.0)).attend(LANE, Direction.EXIT)
    assert street.did == [("pay", CODE), ("pay", CODE)]


async def test_he_claims_his_stay_on_the_page_that_the_code_leads_to(street: Street) -> None:
    street.message, street.code = "scan_plate", f"{street.url}/c/t"
    await driver(street, Person()).attend(LANE, Direction.EXIT)
    assert street.did == [("plate", "京A12345"), ("stay", "s1")]


async def test_he_takes_his_own_stay_where_the_page_offers_it_at_once(street: Street) -> None:
    street.message, street.code, street.offered = "scan_plate", f"{street.url}/c/t", offer("京A12346", CAME)
    await driver(street, Person()).attend(LANE, Direction.EXIT)
    assert street.did == [("stay", "s1")]


async def test_where_the_page_offers_only_what_is_not_his_he_types_his_plate(street: Street) -> None:
    long_ago = CAME - timedelta(days=1)
    street.message, street.code, street.offered = "scan_plate", f"{street.url}/c/t", offer("京A12346", long_ago)
    await driver(street, Person()).attend(LANE, Direction.EXIT)
    assert street.did == [("plate", "京A12345"), ("stay", "s1")]


async def test_one_who_pays_for_an_absent_car_backs_out_first_and_pays_when_another_stands_there(
    street: Street,
) -> None:
    street.message, street.code = "scan_pay", CODE
    await driver(street, Person(pay_delay_s=0.0, pays_for_absent=True)).attend(LANE, Direction.EXIT)
    assert (street.reversed, street.did) == ([ME], [("pay", CODE)])


async def test_one_whom_nobody_helps_backs_out_and_leaves_the_lane_to_others(street: Street) -> None:
    street.message = "help_comes"
    await driver(street, Person(dead_phone=True, patience_s=0.5)).attend(LANE, Direction.EXIT)
    assert street.reversed == [ME]
    assert street.did == []


async def test_one_who_keeps_his_code_scans_it_once_and_pays_nothing_by_himself(street: Street) -> None:
    street.message, street.code = "scan_pay", CODE
    mind = Mind(ME, Plate("京A12345"), Person(keeps_code=True, patience_s=1.5), entered_at=CAME)
    await driver(street, mind.person, mind).attend(LANE, Direction.EXIT)
    assert (mind.codes, street.did) == ([CODE], [])


async def test_one_who_insists_on_another_plate_types_that_one(street: Street) -> None:
    street.message, street.code = "scan_plate", f"{street.url}/c/t"
    await driver(street, Person(claims=Plate("京B54321"))).attend(LANE, Direction.EXIT)
    assert street.did[0] == ("plate", "京B54321")
