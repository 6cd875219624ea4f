"""What may be asked of the plant, and on which of its sockets: each knows its own verbs only."""

import base64
import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import timedelta
from functools import partial

from billing.books import Books
from billing.cashier import SqlCashier
from billing.doors.arrears import ArrearsDoor
from billing.doors.bills import BillDesk
from billing.doors.bookings import BookingDoor
from billing.doors.cards import CardDoor, card_json
from billing.doors.cash import CashDesk
from billing.doors.drafts import DraftDesk
from billing.doors.fee import FeeDesk
from billing.doors.ledger import LedgerDesk
from billing.doors.refunds import RefundDesk
from billing.doors.settings.holidays import HolidayOffice
from billing.doors.settings.lists import ListOffice
from billing.doors.settings.products import ProductOffice
from billing.doors.settings.tariffs import TariffOffice
from billing.doors.stocktake import StocktakeDoor
from billing.doors.vouchers import VoucherDoor, all_shown
from billing.ids import new_id
from billing.refunds.office import RefundOffice
from billing.visit.park import Park
from lpr.aiming.desk import AimDesk
from lpr.aiming.run import Trials
from lpr.display.office import TextOffice
from lpr.evidence import PictureStore
from lpr.match import ranked
from lpr.reader.typed import typed_by
from plc.serve.catalogue import served
from plc.serve.door import door
from scada.assembly import Plant, lanes_of_cameras
from scada.engine.bridge import Ask, BridgeRefusal, BridgeServer, Handler
from scada.engine.doors.alarms.desk import AlarmDesk
from scada.engine.doors.cameras import CameraDesk
from scada.engine.doors.cases.chosen import ChosenDesk, stands
from scada.engine.doors.cases.shift import ShiftDesk
from scada.engine.doors.desk import Desk
from scada.engine.doors.drawing import DrawingDesk
from scada.engine.doors.keptopen import KeptOpen
from scada.engine.doors.modes import ModeDesk, ModeLane
from scada.engine.doors.people.outside import OutsideDoor
from scada.engine.doors.people.room import PeopleDesk
from scada.engine.doors.pictures import PictureDesk
from scada.engine.doors.processes import ProcessDesk
from scada.engine.doors.reasoned import Look, reasoned
from scada.engine.doors.replay import ReplayDesk
from scada.engine.doors.reportplan import PlanDesk
from scada.engine.doors.rooms import People, RoomEntrance
from scada.engine.doors.settings.desk import SettingsDesk
from scada.engine.doors.settings.facts import FactDesk
from scada.engine.doors.tags import TagDesk
from scada.engine.doors.today import TodayDesk
from scada.engine.doors.training import TrainingDesk
from scada.engine.doors.trends import TrendDesk
from scada.engine.doors.tries import Tries
from scada.faces import face_of
from scada.maps.desk import MapDesk
from scada.model.lane.words import Direction
from scada.model.money import Fen
from scada.model.names import LaneName
from scada.model.plate import ReadBy
from scada.secretfile import read_secret
from scada.settings.sites import Rooms
from scada.technicians import technicians

Door = AbstractAsyncContextManager[object]

ROOMS_HEARTBEAT_S = 0.5
"""A wall says within two seconds that a plant is not heard: so often at least it hears one."""


def bridges(plant: Plant) -> list[Door]:
    """Build the doors of the plant; each knows its own verbs only. The one for other systems is there if asked for."""
    config, site = plant.config, _site(plant)
    mode_desk = _mode_desk(plant)
    chosen = ChosenDesk(
        config.site_id,
        plant.clock,
        plant.db,
        plant.journal,
        plant.cashier,
        plant.runners,
        mode_desk,
        plant.cases,
        ranked,
        plant.cameras.glance,
        Park.of(config).ways_in,
    )
    desk = Desk(
        plant.clock,
        plant.db,
        plant.journal,
        plant.operators,
        plant.cashier,
        plant.requests,
        plant.runners,
        typed_by(ReadBy.OPERATOR),
        Fen(config.limits.goodwill_fen),
        {
            **mode_desk.verbs(),
            **chosen.verbs(),
            **_shift_desk(plant).verbs(),
            **_stocktake(plant).verbs(),
            **PictureDesk(plant.room, plant.operators).verbs(),
            **ReplayDesk(plant.journal, plant.operators).verbs(),
            **_camera_desk(plant).verbs(),
            **TagDesk(plant.tags, plant.maps.place, plant.forcing, plant.clock).verbs(),
            **TrendDesk(config.site_id, plant.db, plant.clock).verbs(),
            **MapDesk(plant.maps, plant.operators).verbs(),
            **DrawingDesk(config.drawing).verbs(),
            **TodayDesk(config.site_id, plant.db, plant.clock, config.site.zone_info).verbs(),
            **technicians(plant),
            **ProcessDesk(config.processes, plant.cameras.pids).verbs(),
            **BillDesk(Books.of(config), plant.db, plant.clock, plant.cashier.bills.job).verbs(),
            **FeeDesk(plant.cashier, config.site.zone_info).verbs(),
            **plant.reports.verbs(),
            **plant.readings.verbs(),
            **PlanDesk(config, plant.db, plant.clock).verbs(),
            **DraftDesk(config, plant.db, plant.clock, plant.drafts).verbs(),
            **LedgerDesk(plant.config.site_id, plant.db, plant.journal).verbs(),
            **CashDesk(plant.counter, plant.operators, plant.clock, plant.runners).verbs(),
            **_vouchers(plant),
            **BookingDoor(plant.bookings).verbs(),
            **_arrears_door(plant).verbs(),
            **_cards(plant),
            **_refund_desk(plant).verbs(),
            **plant.calls.verbs(),
            **PeopleDesk(plant.operators, plant.operators.tokens).verbs(),
            **plant.cases.verbs(),
            **ListOffice(config, plant.settings).verbs(),
            **ProductOffice(config, plant.settings, plant.products).verbs(),
            **TariffOffice(config, plant.settings, plant.operators).verbs(),
            **HolidayOffice(config, plant.settings).verbs(),
            **TextOffice(plant.displays.texts, plant.settings).verbs(),
            **FactDesk(config.site, plant.settings, site).verbs(),
            **_aims(plant).verbs(),
            **SettingsDesk(plant.settings, config.site.zone_info).verbs(),
            **AlarmDesk(config.site_id, plant.db, plant.alarms).verbs(),
            **_training(plant),
        },
        ranked,
        _outside(plant),
    )
    tries = Tries(plant.journal, plant.clock)
    verbs: dict[str, Mapping[str, Handler]] = {
        "control": desk.verbs(),
        "public": {**tries.watched({**plant.claims.verbs(), **plant.phones.verbs()}), "notice": notices(plant.cashier)},
        "devices": {"display": _display(plant), "push": plant.units.push},
    }
    hello = {"plant": secrets.token_hex(8), "site": site}
    doors: list[Door] = [
        BridgeServer(config.socket(app), app, own, hello, plant.clock, plant.tags if app == "control" else None)
        for app, own in verbs.items()
    ]
    if config.rooms is not None:
        doors.append(_rooms(plant, config.rooms, verbs["control"], hello))
    if config.serve is not None:
        catalogue = served(plant.tags.specs(), {tag.name: tag for tag in plant.maps.tag_map.tags}, config.serve.tags)
        doors.append(door(config, plant.clock, plant.tags, catalogue, plant.operators, hello))
    return doors


def _rooms(plant: Plant, rooms: Rooms, verbs: Mapping[str, Handler], hello: Mapping[str, object]) -> Door:
    """Open the door for control rooms elsewhere: the control room's verbs, by people whom this plant has let in."""
    config = plant.config
    files, people = config.tls_files(rooms), People(plant.clock)
    entrance = RoomEntrance(rooms, files, plant.operators, people, lambda: face_of(config))
    return KeptOpen(
        lambda: BridgeServer(entrance, "control", verbs, hello, plant.clock, plant.tags, heartbeat_s=ROOMS_HEARTBEAT_S),
        files.stamps,
    )


_LOOKED_AT = frozenset({"card_products", "cards", "cards_due", "merchants", "vouchers"})


def _cards(plant: Plant) -> dict[str, Handler]:
    """Give the verbs of month cards: what changes one is asked with a reason."""
    verbs, desk = CardDoor(plant.card_desk).verbs(), plant.card_desk

    async def look(ask: Ask, answer: object) -> object:
        named = ask.args.get("card") or (answer.get("card") if isinstance(answer, dict) else None)
        return next((card_json(card) for card in await desk.all() if card.id == named), None)

    return _with_reasons(plant, look, verbs)


def _vouchers(plant: Plant) -> dict[str, Handler]:
    """Give the verbs of merchants: what changes one, or a voucher of his, is asked with a reason."""
    verbs = VoucherDoor(plant.vouchers, plant.db, Books.of(plant.config), plant.clock).verbs()

    async def look(ask: Ask, answer: object) -> object:
        named, site = ask.args.get("merchant") or ask.args.get("name"), plant.config.site_id
        rows = await plant.db.read(lambda conn: all_shown(conn, site))
        return next((row for row in rows if row["merchant"] == named), None)

    return _with_reasons(plant, look, verbs)


def _with_reasons(plant: Plant, look: Look, verbs: Mapping[str, Handler]) -> dict[str, Handler]:
    changing = {verb: handler for verb, handler in verbs.items() if verb not in _LOOKED_AT}
    return {**verbs, **reasoned(plant.journal, look, changing)}


def _aims(plant: Plant) -> AimDesk:
    pictures = PictureStore(plant.config.data / "pictures")
    return AimDesk(plant.config, plant.settings, plant.operators, pictures, plant.cameras, Trials())


def _shift_desk(plant: Plant) -> ShiftDesk:
    clock = plant.clock
    return ShiftDesk(plant.config.site_id, clock, plant.db, plant.operators, plant.cases, lambda: new_id(clock.now()))


def _stocktake(plant: Plant) -> StocktakeDoor:
    config = plant.config
    return StocktakeDoor(
        config.site_id,
        plant.db,
        plant.clock,
        plant.cashier,
        partial(stands, plant.runners),
        frozenset(lane.id for lane in config.lanes if lane.direction != "entry"),
        timedelta(hours=config.limits.stay_hours),
        typed_by(ReadBy.OPERATOR),
    )


def _arrears_door(plant: Plant) -> ArrearsDoor:
    config, books = plant.config, Books.of(plant.config)
    alone = Fen(config.arrears.write_off_fen)
    return ArrearsDoor(plant.cashier, plant.db, books, plant.clock, plant.operators, alone)


def _outside(plant: Plant) -> dict[str, Handler]:
    """Join the identity provider, if there is one; its libraries are loaded for nobody else."""
    if plant.config.oidc is None:
        return {}
    from scada.store.people.oidc import provider_of

    return OutsideDoor(plant.operators, provider_of(plant.config).believed).verbs()


def _training(plant: Plant) -> dict[str, Handler]:
    """Join the training's virtual car park, at a site that was made for a training."""
    if plant.config.training is None:
        return {}
    key = read_secret(plant.config.secret(plant.config.training.key_file))
    return TrainingDesk(plant.config.training.door, key, plant.operators).verbs()


def _refund_desk(plant: Plant) -> RefundDesk:
    config = plant.config
    office = RefundOffice(plant.db, Books.of(config), plant.cashier.refunder, plant.clock)
    return RefundDesk(office, plant.operators, Fen(config.limits.refund_fen))


def _camera_desk(plant: Plant) -> CameraDesk:
    lanes, relearn = lanes_of_cameras(plant.config), plant.cameras.relearn
    return CameraDesk(plant.config.site_id, plant.db, plant.journal, plant.operators, lanes, relearn)


def _mode_desk(plant: Plant) -> ModeDesk:
    lanes = {
        lane.id: ModeLane(
            keeper=plant.modes[lane.id],
            image=plant.keepers[lane.id].image,
            let_claim=plant.keepers[lane.id].let_claim,
            lane=partial(getattr, plant.runners[lane.id], "lane"),
            post=plant.runners[lane.id].post,
            leads_out=lane.direction != "entry",
            is_tidal=lane.way_policy == "tidal",
            no_auto=partial(getattr, plant.keepers[lane.id], "no_auto"),
        )
        for lane in plant.config.lanes
    }
    config = plant.config
    return ModeDesk(config.site_id, plant.clock, plant.db, plant.journal, plant.operators, plant.tags, lanes)


def _site(plant: Plant) -> dict[str, object]:
    site = plant.config.site
    lanes = [lane.model_dump(include={"name", "direction", "title", "title_en"}) for lane in plant.config.lanes]
    names = site.model_dump(include={"id", "name", "name_en", "zone", "virtual"})
    return {**names, "speed": plant.clock.speed, "lanes": lanes}


def notices(cashier: SqlCashier) -> Handler:
    """Hand a notice to the cashier as it came over the wire."""

    async def take(ask: Ask) -> object:
        headers, body = ask.args.get("headers"), ask.args.get("body_b64")
        if not isinstance(headers, dict) or not isinstance(body, str):
            raise BridgeRefusal("bad_args", "a notice has headers and a body")
        try:
            raw = base64.b64decode(body, validate=True)
        except ValueError as error:
            raise BridgeRefusal("bad_args", "the body is not base64") from error
        return asdict(await cashier.notice({str(name): str(value) for name, value in headers.items()}, raw))

    return take


def _display(plant: Plant) -> Handler:
    """Give what a lane's display shows now."""

    async def show(ask: Ask) -> object:
        lane = LaneName(str(ask.args.get("lane", "")))
        if lane not in plant.runners:
            raise BridgeRefusal("bad_args", f"there is no lane {lane!r}")
        settings, asked = plant.config.lane(lane), ask.args.get("way")
        way = Direction(asked) if asked in ("entry", "exit") else None
        shown, lines = plant.runners[lane].shown(way), plant.displays.on_screen(lane, way)
        names = {"title": settings.title, "title_en": settings.title_en}
        return {**shown, **names, "lines": lines, "at": plant.clock.now().isoformat()}

    return show
