"""Builds what the drivers' phones talk to, from the plant's parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from billing.bookings.desk import BookingDesk
from billing.books import Books, Place
from billing.cards.terms import Product
from billing.cashier import SqlCashier
from billing.doors.driver import DriverDesk, DriverParts
from billing.doors.host import HostDoor
from billing.doors.me import PhoneDesk
from billing.doors.mycards import CardParts, PhoneCards
from billing.doors.myhelp import PhoneHelp
from billing.doors.myvouchers import PhoneVouchers
from billing.doors.shop import ShopDoor
from billing.doors.staff import Staff
from billing.driver.bindings import Phones as Bindings
from billing.driver.means import Means
from billing.driver.messenger import Messenger
from billing.driver.pushes import PushDesk
from billing.driver.reminders import CardReminders, Reminding
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.pay.web import WeChatWeb
from billing.vouchers.desk import VoucherDesk
from scada.clock import Clock
from scada.config import Config
from scada.engine.bridge import Handler
from scada.engine.doors.help import HelpCalls
from scada.engine.doors.tickets import Phones
from scada.engine.lanes import LaneRunner
from scada.model.lane.states import Authorised, AwaitingOperator, AwaitingPayment, Open, Opening
from scada.model.lane.words import Direction
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate
from scada.ports import BillingError, Journal
from scada.secretfile import own_key, read_secret
from scada.store.db import Database
from scada.store.helpcalls import PHONE

TICKET_LIFE: Final = timedelta(days=90)
"""So long a phone knows its ticket; whoever stays longer leaves by its code, or with a person."""


@dataclass(frozen=True, slots=True)
class PhoneRoom:
    """What the phones talk to, and what talks to them."""

    driver: DriverDesk
    known: PhoneDesk
    pushes: PushDesk
    reminders: CardReminders
    shop: ShopDoor
    cards: PhoneCards
    vouchers: PhoneVouchers
    help: PhoneHelp
    host: HostDoor
    tickets: Phones

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs."""
        staff = {**self.shop.verbs(), **self.host.verbs()}
        own = {**self.known.verbs(), **self.cards.verbs(), **self.vouchers.verbs(), **self.help.verbs()}
        return {**self.driver.verbs(), **own, **staff}


def phone_room(
    config: Config,
    cashier: SqlCashier,
    db: Database,
    journal: Journal,
    clock: Clock,
    runners: Mapping[LaneName, LaneRunner],
    vouchers: VoucherDesk,
    bookings: BookingDesk,
    calls: HelpCalls,
    products: Mapping[str, Product],
) -> PhoneRoom:
    """Build the room, which sells `products`; reads its key and the official account's secret.

    Raises BillingError, OSError.
    """
    key = own_key(config.data / "keys" / "driver.key")
    at_boom, web = Tokens(key, "boom"), _official_account(config)
    means = Means(Seal(key), is_known=web is not None, may_h5=config.phones.h5)
    help_room = PhoneHelp(
        config.site_id,
        db,
        clock,
        journal,
        Seal(key),
        Tokens(key, "help"),
        runners,
        partial(_plates_inside, cashier),
        partial(stands_at, runners),
        calls,
    )
    parts = DriverParts(
        cashier=cashier,
        journal=journal,
        clock=clock,
        tokens=Tokens(key, "fee"),
        told=Tokens(key, "told"),
        at_boom=at_boom,
        means=means,
        where=partial(waits_at, runners),
        leaves=partial(leaves_by, runners),
        bound=lambda binding: db.read(lambda conn: Bindings(config.site_id, conn).holds(binding)),
        call=partial(help_room.called, by=PHONE),
        web=web,
    )
    desk, books, messenger = DriverDesk(parts), Books.of(config), Messenger(clock, web)
    staff = Staff(db, books, clock, Tokens(key, "shop"))
    return PhoneRoom(
        driver=desk,
        tickets=_tickets(key, clock),
        known=PhoneDesk(config.site_id, db, clock, Seal(key), at_boom),
        pushes=PushDesk(
            config.site_id,
            db,
            clock,
            config.site.zone_info,
            config.phones.templates,
            messenger,
            lambda stay, binding: f"{config.web.public.url}/f/{desk.token_pushed(stay, binding)}",
        ),
        cards=PhoneCards(
            CardParts(
                db=db,
                books=books,
                clock=clock,
                zone=config.site.zone_info,
                products=products,
                orders=cashier,
                means=means,
                tokens=Tokens(key, "card"),
            )
        ),
        reminders=CardReminders(config.site_id, db, clock, config.site.zone_info, messenger, _reminding(config)),
        vouchers=PhoneVouchers(config.site_id, db, clock, Seal(key), vouchers),
        help=help_room,
        shop=ShopDoor(vouchers, db, books, clock, staff),
        host=HostDoor(bookings, staff),
    )


def _reminding(config: Config) -> Reminding:
    phones = config.phones
    return Reminding(phones.remind_days, phones.templates.of("card"), f"{config.web.public.url}/me/cards")


def _tickets(key: bytes, clock: Clock) -> Phones:
    tokens, seal = Tokens(key, "ticket"), Seal(key)

    def opened(sealed: str) -> str | None:
        found = seal.open(sealed, clock.now())
        return None if found is None else found.value

    return Phones(
        sign=lambda ticket: tokens.make(ticket, clock.now(), TICKET_LIFE),
        named=lambda signed: tokens.subject(signed, clock.now()),
        opened=opened,
    )


async def _plates_inside(cashier: SqlCashier) -> Mapping[StayId, Plate]:
    return {stay.id: stay.plate for stay in await cashier.open_stays()}


def stands_at(
    runners: Mapping[LaneName, LaneRunner], inside: Mapping[StayId, Plate], plates: frozenset[Plate]
) -> LaneName | None:
    """Give the lane at which a car with one of these plates stands, by what was read there or by its stay."""
    for lane, runner in runners.items():
        live = runner.lane.live
        read = live.read.text if live is not None and live.read is not None else None
        stay = inside.get(live.stay) if live is not None and live.stay is not None else None
        if read in plates or stay in plates:
            return lane
    return None


def waits_at(runners: Mapping[LaneName, LaneRunner], stay: StayId) -> Place | None:
    """Give the exit at which the car of a stay waits to pay; None if it waits at none."""
    for lane, runner in runners.items():
        live, state = runner.lane.live, runner.lane.state
        if live is not None and live.stay == stay and isinstance(state, AwaitingPayment | AwaitingOperator):
            return Place(lane, live.id)
    return None


def leaves_by(runners: Mapping[LaneName, LaneRunner], stay: StayId) -> LaneName | None:
    """Give the exit whose gate opens for the car of a stay; None if none does."""
    for lane, runner in runners.items():
        live, state = runner.lane.live, runner.lane.state
        goes = isinstance(state, Authorised | Opening | Open) and runner.lane.direction is Direction.EXIT
        if goes and live is not None and live.stay == stay:
            return lane
    return None


def _official_account(config: Config) -> WeChatWeb | None:
    names = config.phones
    if names.app_secret_file is None:
        return None
    try:
        secret = read_secret(config.secret(names.app_secret_file))
    except (OSError, UnicodeDecodeError) as error:
        raise BillingError(f"the official account's secret: {error}") from error
    return WeChatWeb(config.wechat.sub_appid or config.wechat.appid, secret, names.oauth_url, names.api_url)
