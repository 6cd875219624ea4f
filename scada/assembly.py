"""Who is built from what: the plant's parts, put together once and handed to one another."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from billing.bookings.book import rules_of
from billing.bookings.desk import BookingDesk
from billing.books import Books
from billing.cards.desk import CardDesk, products_of
from billing.cards.terms import Product
from billing.cashier import Hearers, SqlCashier
from billing.counter.counter import Counter
from billing.drafts.run import DraftRuns
from billing.driver.pushes import PushDesk
from billing.ids import new_id
from billing.request import RequestWriter
from billing.scanner.desk import LaneSide, Waiting
from billing.scanner.reader import ScannerReader
from billing.takings import Takings
from billing.today import Today
from billing.vouchers.desk import VoucherDesk
from lpr.display.room import DisplayRoom
from lpr.display.room import build as build_displays
from lpr.evidence import PictureStore
from lpr.instrument.rows import rows_of
from lpr.keeping.job import Keeper
from lpr.keeping.shelf import Shelf
from lpr.match import match
from lpr.pool import CameraPool
from lpr.push.desk import UnitDesk, UnitParts, unit_keys
from lpr.push.recent import PushedReads
from lpr.reader.typed import typed_by
from plc.links import build as build_drivers
from plc.tagmap import TagMap, site_files
from scada.clock import SystemClock
from scada.config import Config, ConfigError
from scada.engine.alarms.engine import AlarmEngine
from scada.engine.alarms.expand import OTHER, expanded, stranger
from scada.engine.alarms.notifier import Notifier
from scada.engine.cameras import CameraWatch
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.guard import guarded
from scada.engine.command.image import LANE_POINTS
from scada.engine.command.intents import SqlIntents
from scada.engine.command.modes import ModeKeeper
from scada.engine.diskwatch import wait_for_room
from scada.engine.doors.cases.room import CaseRoom
from scada.engine.doors.claims import Claims
from scada.engine.doors.help import HelpCalls
from scada.engine.doors.pictures import PictureRoom
from scada.engine.doors.readings import ReadingDesk
from scada.engine.doors.replay import ReplayDesk
from scada.engine.doors.reports import ReportDesk
from scada.engine.doors.tickets import Tickets
from scada.engine.historywatch import HistoryWatch
from scada.engine.lane.perform import Found, LaneParts
from scada.engine.lanes import LaneRunner, stands_elsewhere
from scada.engine.lanetags import own_specs, zone_values
from scada.engine.lead import Lead, StandbyWatch
from scada.engine.links import Links
from scada.engine.recorder import Recorder
from scada.engine.reporting.runs import READ_S, READINGS, Runs, made_folder
from scada.engine.reporting.schedule import Postman, Scheduler
from scada.engine.retention import RetentionJob
from scada.engine.settings.office import SettingsOffice
from scada.engine.tag.figures import Figures
from scada.engine.tag.forcing import Forcing
from scada.engine.tags import TagTable
from scada.engine.trace.blackbox import BlackBoxes
from scada.engine.trace.tap import tapped
from scada.maps.inuse import Parts, SiteMap, start_map
from scada.model.desk.seats import Ringing
from scada.model.figures import ALARMS_BOX, HISTORY_BOX
from scada.model.lane.events import CreditChanged, PayingByCode
from scada.model.lane.leave import due_of, needs_person
from scada.model.lane.states import AwaitingOperator, AwaitingPayment
from scada.model.lane.words import ByCode, Quote
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, StayId, ZoneName
from scada.model.plate import PlateRead, ReadBy
from scada.model.tag import TagName, TagSpec
from scada.model.zones import ZoneCount
from scada.phonedesk import PhoneRoom, phone_room
from scada.ports import Driver, Historian, JournalEntry, OpenStay
from scada.secretfile import own_key
from scada.settings.alarms import AlarmEntry
from scada.settings.lanes import Lane
from scada.store.db import Database, database_url, migrate
from scada.store.helpcalls import PHONE
from scada.store.historian import build as build_historian
from scada.store.journal import SqlJournal
from scada.store.mapversions import MapVersions
from scada.store.operators import Operators
from scada.store.people.elsewhere import Directory
from scada.store.retention.night import Night
from scada.store.sql.reserve import Reserve

PAID_KEPT = 1000
"""Payments whose moment is remembered for the figures."""


@dataclass(frozen=True, slots=True)
class Plant:
    """All parts of the plant."""

    config: Config
    clock: SystemClock
    db: Database
    journal: SqlJournal
    operators: Operators
    tags: TagTable
    forcing: Forcing
    maps: SiteMap
    links: Links
    keepers: Mapping[LaneName, Gatekeeper]
    modes: Mapping[LaneName, ModeKeeper]
    cameras: CameraPool
    watch: CameraWatch
    units: UnitDesk
    cashier: SqlCashier
    counter: Counter
    vouchers: VoucherDesk
    bookings: BookingDesk
    drafts: DraftRuns
    reports: ReportDesk
    readings: ReadingDesk
    scheduler: Scheduler
    settings: SettingsOffice
    products: dict[str, Product]
    card_desk: CardDesk
    requests: RequestWriter
    room: PictureRoom
    keeper: Keeper
    retention: RetentionJob
    takings: Takings
    today: Today
    claims: Claims
    scanners: tuple[ScannerReader, ...]
    runners: Mapping[LaneName, LaneRunner]
    historian: Historian
    recorder: Recorder
    history_watch: HistoryWatch
    boxes: BlackBoxes
    alarms: AlarmEngine
    notifier: Notifier
    displays: DisplayRoom
    calls: HelpCalls
    cases: CaseRoom
    phones: PhoneRoom
    standby: StandbyWatch


async def assemble(config: Config, clock: SystemClock, stack: AsyncExitStack, lead: Lead | None = None) -> Plant:
    """Build and open every part, in order; `stack` closes them in reverse. With a standby only who leads does."""
    fence = None if lead is None else lead.fence
    url = await asyncio.to_thread(database_url, config)
    reserve = Reserve.of(url)
    has_waited = await wait_for_room(reserve)
    await asyncio.to_thread(migrate, url, fence)
    files, versions = site_files(config), MapVersions(config.data / "maps")
    tag_map, version = await asyncio.to_thread(start_map, files, versions, clock)
    maps = SiteMap(files, versions, clock, tag_map, version)
    db = await stack.enter_async_context(Database(url, readers=config.database.readers, reserve=reserve, fence=fence))
    journal = SqlJournal(db, config.site_id, clock)
    if has_waited:
        await journal.append([JournalEntry("event", "database", "room again")])
    stack.push_async_callback(journal.append, [JournalEntry("event", "plant", "stopped")])
    specs = _specs(config, tag_map)
    tags = TagTable(specs, clock, config.history.again_min * 60.0)
    boxes = BlackBoxes((lane.id for lane in config.lanes), tags, clock, config.blackbox)
    alarms = alarm_engine(config, await asyncio.to_thread(lambda: config.alarms), clock, db, tags)
    await alarms.open()

    def drivers_of(of: TagMap) -> list[Driver]:
        """Make drivers that write only while this server leads, and tell the black boxes."""
        drivers: Sequence[Driver] = build_drivers(of, tags.apply, clock, config.data)
        return tapped(drivers if lead is None else guarded(drivers, lead.holds), boxes.tell)

    links = Links(drivers_of(tag_map))
    tags.connect(links.drivers, journal)
    historian = await stack.enter_async_context(build_historian(config, clock, specs))
    watch = CameraWatch(
        config.site_id,
        clock,
        tags,
        db,
        journal,
        lanes_of_cameras(config),
        lambda: cameras.measures(),
    )
    pushed = PushedReads(config.units)
    cameras = await stack.enter_async_context(CameraPool(config, clock, pushed, lambda one: watch.hear(rows_of(one))))
    requests = RequestWriter(config, db, _request_tag(tags), clock)
    takings = Takings(db)
    money = Money(clock, tags, requests, {lane.id: lane.title for lane in config.lanes}, takings.heard)
    cashier = await stack.enter_async_context(SqlCashier(config, db, clock, money.hearers()))
    pictures = PictureStore(config.data / "pictures")
    room = PictureRoom(config.site_id, clock, db, pictures)
    claims = Claims(
        config,
        clock,
        cashier,
        room,
        journal,
        _found,
        typed_by(ReadBy.DRIVER),
        lambda lane: phones.help.called(lane, PHONE),
        lambda passage: calls.of_car(passage),
        lambda stay: phones.driver.token(stay),
        Tickets(
            site=config.site_id,
            db=db,
            clock=clock,
            journal=journal,
            phones=lambda: phones.tickets,
            alarm=partial(alarms.raise_by, "tickets"),
            new_id=lambda: new_id(clock.now()),
        ),
    )
    zone = await asyncio.to_thread(lambda: config.site.zone_info)
    keepers = {lane.id: _gatekeeper(config, clock, db, tags, links, lane, alarms) for lane in config.lanes}
    refuse_auto(keepers, tags, tag_map)
    modes = {lane.id: _mode_keeper(config, clock, db, tags, keepers[lane.id], alarms, lane.id) for lane in config.lanes}
    runners: dict[LaneName, LaneRunner] = {}
    lane_parts = {
        lane.id: LaneParts(
            site=config.site_id,
            zone=zone,
            clock=clock,
            db=db,
            journal=journal,
            tags=tags,
            watched=_watched(lane.id),
            gatekeeper=keepers[lane.id],
            cameras=cameras,
            cashier=cashier,
            requests=requests,
            match=_found,
            no_stay_a_day=lane.policy.no_stay_a_day,
            claim_url=partial(claims.url, lane.id),
            claim_code=claims.code_of,
            pays_by_page=config.phones.lane_qr == "page",
            new_id=lambda: new_id(clock.now()),
            elsewhere=partial(stands_elsewhere, runners),
            paid_s=money.paid_s.get,
            hold_open=modes[lane.id].hold_for_owner,
        )
        for lane in config.lanes
    }
    runners |= {lane.id: LaneRunner(lane, lane_parts[lane.id]) for lane in config.lanes}
    claims.serve(runners)
    credit_changed = partial(_credit_changed, clock, runners)
    money.changed = credit_changed
    vouchers = VoucherDesk(db, Books.of(config), clock, zone, credit_changed)
    rules = rules_of(config.visitors, config.limits)
    bookings = BookingDesk(db, Books.of(config), clock, zone, rules, credit_changed)
    calls = HelpCalls(config.site_id, clock, db, journal, tags, runners, lambda: new_id(clock.now()))
    ringing = Ringing(config.desk.answer_s, config.desk.on_call)
    cases = CaseRoom(config.site_id, clock, db, journal, tags, runners, calls, ringing, lambda: new_id(clock.now()))
    products = products_of(config.card_products)
    phones = await asyncio.to_thread(
        phone_room, config, cashier, db, journal, clock, runners, vouchers, bookings, calls, products
    )
    await stack.enter_async_context(phones.pushes)
    money.phones = phones.pushes
    displays = await asyncio.to_thread(build_displays, config, clock, tags, lambda lane, way: runners[lane].shown(way))
    unit_parts = UnitParts(
        clock=clock,
        db=db,
        journal=journal,
        pictures=pictures,
        reads=pushed,
        live=lambda lane: runners[lane].live,
        alarm=partial(alarms.raise_by, "units"),
        frames=displays.frames,
    )
    units = UnitDesk(config, await asyncio.to_thread(unit_keys, config), unit_parts)
    maps.parts = Parts(
        tags=tags,
        links=links,
        journal=journal,
        specs=partial(_specs, config),
        drivers=drivers_of,
        changed=partial(refuse_auto, keepers, tags),
        busy=lambda lane: _busy(lane, runners, keepers),
    )
    counter = Counter(Books.of(config), zone, db, clock, cashier, money.paid_by_hand)
    await stack.enter_async_context(requests)
    operators, report_runs = Operators(db, config.site_id, clock, _directory(config)), Runs(config)
    return Plant(
        config=config,
        clock=clock,
        db=db,
        journal=journal,
        operators=operators,
        tags=tags,
        forcing=Forcing(tags, journal, clock),
        maps=maps,
        links=links,
        keepers=keepers,
        modes=modes,
        cameras=cameras,
        watch=watch,
        units=units,
        cashier=cashier,
        counter=counter,
        vouchers=vouchers,
        bookings=bookings,
        drafts=await stack.enter_async_context(DraftRuns()),
        reports=await stack.enter_async_context(
            ReportDesk(report_runs, operators, journal, clock, made_folder(config, "reports"))
        ),
        readings=await stack.enter_async_context(
            ReadingDesk(
                Runs(config, READ_S, READINGS), ReplayDesk(journal, operators), clock, made_folder(config, "readings")
            )
        ),
        scheduler=Scheduler(config, db, journal, clock, tags.set, Postman(config, db, clock, report_runs.make)),
        settings=SettingsOffice(config.site_id, db, clock, operators),
        products=products,
        card_desk=CardDesk(db, Books.of(config), clock, zone, products, cashier),
        requests=requests,
        room=room,
        keeper=Keeper(config.site_id, clock, db, journal, tags, Shelf(config.data / "pictures"), config.evidence),
        takings=takings,
        today=Today(db, config.site_id, clock, config.site.zone_info),
        retention=RetentionJob(
            Night(config.site_id, config.retention, await asyncio.to_thread(own_key, config.plate_key), clock),
            zone,
            clock,
            db,
            journal,
            tags,
        ),
        claims=claims,
        scanners=scanners(config, clock, tags, cashier, runners),
        runners=runners,
        historian=historian,
        recorder=Recorder(tags, historian),
        history_watch=HistoryWatch(historian, tags, journal),
        boxes=boxes,
        alarms=alarms,
        notifier=Notifier(config, db, clock, alarms, tags.set),
        displays=displays,
        calls=calls,
        cases=cases,
        phones=phones,
        standby=StandbyWatch(lead, tags, journal),
    )


def _directory(config: Config) -> Directory | None:
    """Join the directory, if there is one; its library is loaded for nobody else."""
    if config.ldap is None:
        return None
    from scada.store.people.directory import directory_of

    return directory_of(config)


def alarm_engine(
    config: Config, entries: Sequence[AlarmEntry], clock: SystemClock, db: Database, tags: TagTable
) -> AlarmEngine:
    """Make the alarms of a site. Raises ConfigError for one that looks at what cannot be read."""
    other = next(entry for entry in entries if entry.code == OTHER)
    try:
        definitions = expanded(entries, config, {spec.name: spec for spec in tags.specs()})
        return AlarmEngine(config.site_id, clock, db, tags, definitions, partial(stranger, other))
    except ValueError as error:
        raise ConfigError(f"alarms: {error}") from error


def scanners(
    config: Config,
    clock: SystemClock,
    tags: TagTable,
    cashier: SqlCashier,
    runners: Mapping[LaneName, LaneRunner],
) -> tuple[ScannerReader, ...]:
    """Join the scanners at the exits to billing: a code is taken only for what the car at the boom is asked."""

    def waiting(lane: LaneName) -> Waiting | None:
        now = runners[lane].lane
        asks = isinstance(now.state, AwaitingPayment | AwaitingOperator) and not needs_person(now.state)
        due = due_of(now) if asks else None
        return None if due is None or now.live is None else Waiting(now.live.id, due.quote)

    def tell(lane: LaneName, passage: PassageId, quote: QuoteId, how: ByCode) -> None:
        runners[lane].post(PayingByCode(passage, quote, how, at=clock.now(), at_s=clock.seconds()))

    side = LaneSide(waiting, tell)
    return tuple(
        ScannerReader(
            one,
            lambda lane, line: cashier.scanned(lane, line, side),
            lambda lane, up: tags.set(TagName(f"{lane}.scanner.ok"), up),
        )
        for one in config.scanners
    )


def figures(plant: Plant) -> Figures:
    """Show how links and queues do."""
    boxes = {name: deepest for runner in plant.runners.values() for name, deepest in runner.boxes().items()}
    return Figures(
        plant.tags,
        lambda: plant.links.drivers,
        {**boxes, HISTORY_BOX: plant.recorder.deepest, ALARMS_BOX: plant.alarms.deepest},
    )


class Money:
    """What the rest of the plant hears of billing, always after the commit."""

    def __init__(
        self,
        clock: SystemClock,
        tags: TagTable,
        requests: RequestWriter,
        titles: Mapping[LaneName, str],
        paid: Callable[[StayId, OrderId], None],
    ) -> None:
        self._paid = paid
        self._titles = titles
        self._clock = clock
        self._tags = tags
        self._requests = requests
        self._changes = 0
        self.paid_s: dict[StayId, float] = {}
        self.changed: Callable[[StayId], None] = lambda _stay: None
        """Hears what changed behind a lane's back; set once there are lanes."""
        self.phones: PushDesk | None = None

    def hearers(self) -> Hearers:
        """Give what the cashier calls."""
        return Hearers(
            settled=self._settled,
            changed=lambda stay: self.changed(stay),
            ordered=self._ordered,
            requested=self._requests.wake,
            stays_changed=self._stays_changed,
            counted=self._counted,
        )

    def paid_by_hand(self, stay: StayId) -> None:
        """Hear that a stay was paid in cash."""
        self._settled(stay, OrderId(""))
        self._requests.wake()
        self._changes += 1
        self._tags.set(TagName("site.stays_seq"), self._changes)

    def _settled(self, stay: StayId, order: OrderId) -> None:
        while len(self.paid_s) >= PAID_KEPT:
            del self.paid_s[next(iter(self.paid_s))]
        self.paid_s[stay] = self._clock.seconds()
        self._paid(stay, order)
        if self.phones is not None and order:
            self.phones.paid(stay, order)

    def _ordered(self, lane: LaneName, quote: Quote) -> None:
        if self.phones is not None:
            self.phones.fee_due(quote.stay, self._titles.get(lane, lane), quote.minutes, quote.due_fen)

    def _stays_changed(self, open_stays: int) -> None:
        self._changes += 1
        self._tags.set_all({TagName("site.stays_open"): open_stays, TagName("site.stays_seq"): self._changes})

    def _counted(self, zones: Mapping[ZoneName, ZoneCount]) -> None:
        self._tags.set_all(zone_values(zones))


def _credit_changed(clock: SystemClock, runners: Mapping[LaneName, LaneRunner], stay: StayId) -> None:
    """Tell the lane at which a stay's car stands that it owes another amount now, or by another order."""
    for runner in runners.values():
        live = runner.lane.live
        if live is not None and live.stay == stay:
            runner.post(CreditChanged(live.id, stay, at=clock.now(), at_s=clock.seconds()))


def lanes_of_cameras(config: Config) -> Mapping[str, LaneName]:
    """Give the lane of each camera."""
    return {camera.name: LaneName(camera.lane) for camera in config.cameras}


def _specs(config: Config, tag_map: TagMap) -> list[TagSpec]:
    return [*tag_map.specs, *own_specs(config, tag_map.devices)]


def _busy(lane: LaneName, runners: Mapping[LaneName, LaneRunner], keepers: Mapping[LaneName, Gatekeeper]) -> str:
    """Say why a lane's tags may not change now; empty if nobody is in it."""
    if lane not in runners:
        return ""
    image = keepers[lane].image()
    if runners[lane].live is not None or (image.alive and image.passage_now):
        return f"a car is in {lane}"
    return f"a command of {lane} is under way" if keepers[lane].is_busy else ""


def _watched(lane: LaneName) -> frozenset[TagName]:
    return frozenset(TagName(f"{lane}.{point}") for point in (*LANE_POINTS, "gate.open_request"))


def _gatekeeper(
    config: Config, clock: SystemClock, db: Database, tags: TagTable, links: Links, lane: Lane, alarms: AlarmEngine
) -> Gatekeeper:
    book = SqlIntents(db, config.site_id, lane.id, clock)
    return Gatekeeper(lane.id, tags, links, book, clock, lane.waits, partial(alarms.raise_by, "plc", lane.id))


def refuse_auto(keepers: Mapping[LaneName, Gatekeeper], tags: TagTable, tag_map: TagMap) -> None:
    """Tell every lane why it is refused AUTO, if it is, and show it."""
    for lane, keeper in keepers.items():
        why = tag_map.why_no_auto(lane)
        keeper.refuse_auto(why)
        tags.set(TagName(f"{lane}.degraded"), f"no AUTO: {why}" if why else "")


def _mode_keeper(
    config: Config,
    clock: SystemClock,
    db: Database,
    tags: TagTable,
    keeper: Gatekeeper,
    alarms: AlarmEngine,
    lane: LaneName,
) -> ModeKeeper:
    return ModeKeeper(config.site_id, lane, clock, tags, keeper.image, db, partial(alarms.raise_by, "modes", lane))


def _request_tag(tags: TagTable) -> Callable[[TagName, str], Awaitable[object]]:
    async def write(name: TagName, text: str) -> object:
        return await tags.write(name, text, "billing.request", "a gate-open request")

    return write


def _found(read: PlateRead, stays: Sequence[OpenStay]) -> Found:
    match_ = match(read, stays)
    exact = match_.exact.id if match_.exact else None
    return Found(exact, tuple(one.stay.id for one in match_.near), match_.doubt)
