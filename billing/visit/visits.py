"""From entry to exit: how a stay begins, moves between zones, is priced and ends; each inside one transaction.

The lanes decide when; here the books follow. Doing it twice is harmless.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from billing import rights, stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.flows import Debts
from billing.arrears import debts
from billing.arrears.terms import owed
from billing.bookings import book as bookings
from billing.bookings.terms import AS_SHIPPED, Rules
from billing.books import NOWHERE, Books, Place
from billing.orders import book
from billing.orders.book import PayOrder
from billing.parking import sessions as parking
from billing.parking.sessions import ParkingTerms
from billing.plates import register
from billing.rights import Arrival, Departure, Inside
from billing.settle import Due, Final, OrderKind, close_account, is_owed, is_visitor, keeps_promise
from billing.stays import Stay
from billing.tariff import ALONE, HOST, Bill
from billing.versions.choice import Versions
from billing.visit import park, reentry, telling
from billing.visit.charge import Charge, charge
from billing.visit.park import Park
from billing.vouchers import book as vouchers
from scada.config import Config
from scada.model.lane.words import Ending, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, StayId
from scada.model.plate import Plate, PlateRead, is_unplated
from scada.ports import Admission, BillingError
from scada.settings.money import Arrears, Limits
from scada.store import restored, tickets

NO_ORDERS: tuple[OrderId, ...] = ()
PARKING_NAME_SIGNS = 32


@dataclass(frozen=True, slots=True)
class Visits:
    """The stays of one site; `versions` are the tariffs that may charge."""

    books: Books
    park: Park
    limits: Limits
    versions: Versions
    arrears: Arrears
    pay_score: ParkingTerms | None = None
    """What WeChat is told of the cars that come in, where it deducts fees."""
    rules: Rules = AS_SHIPPED
    """When visitors who were announced may come."""

    @staticmethod
    def of(config: Config, versions: Versions) -> "Visits":
        """Read a site's configuration."""
        terms, limits = config.wechat.parking, config.limits
        named = ParkingTerms(terms.name or config.site.name[:PARKING_NAME_SIGNS])
        return Visits(
            Books.of(config), Park.of(config), limits, versions, config.arrears, named if terms.enabled else None,
            bookings.rules_of(config.visitors, limits),
        )  # fmt: skip

    def admit(self, conn: Connection, at: datetime, lane: LaneName, read: PlateRead) -> Admission:
        """Say whether a car may come in; changes nothing."""
        found = stays.open_under(conn, self.books.site, read.text, lock=False)
        zone = self.park.zone(lane)
        car = Arrival(
            read=read,
            at=at,
            zone=zone,
            count=park.count(conn, self.park)[zone],
            rights=register.rights_of(conn, self.books.site, read.text),
            inside=None if found is None else self._inside(conn, at, found),
            owes_fen=owed(debts.of_plate(conn, self.books.site, read.text)),
            booked=self._is_booked(conn, at, lane, read.text),
        )
        return rights.admission(car, self.park.zones, Fen(self.limits.unseen_fen), self._owes_most())

    def _is_booked(self, conn: Connection, at: datetime, lane: LaneName, plate: Plate) -> bool:
        """Say whether a car is announced; a booking opens the car park, and no lot inside of it."""
        return self.park.around(lane) is None and bookings.lets_in(conn, self.books.site, at, self.rules, plate)

    def _owes_most(self) -> Fen | None:
        return Fen(self.arrears.refuse_above_fen) if self.arrears.at_entry == "refuse" else None

    def _inside(self, conn: Connection, at: datetime, stay: Stay) -> Inside:
        due_fen = self._charge(conn, stay, at).due.due_fen
        return Inside(stay.kind, stay.colour, self.park.zones.known(stay.zone), due_fen)

    def doubt(self, conn: Connection, at: datetime, lane: LaneName, stay: StayId, read: PlateRead | None) -> str:
        """Say why a person must look before a stay is quoted; empty if nobody must."""
        found = stays.find(conn, self.books.site, stay, lock=False)
        since = at - timedelta(days=rights.FAKE_EXIT_DAYS)
        car = Departure(
            read=read,
            at=at,
            zone=self.park.zone(lane),
            kind=found.kind,
            colour=found.colour,
            rights=register.rights_of(conn, self.books.site, found.plate),
            fake_exits=register.fake_exits(conn, self.books.site, found.plate, stay, since),
        )
        return rights.doubt(car)

    def quote(self, conn: Connection, at: datetime, valid_until: datetime, place: Place, stay: StayId) -> Quote:
        """Price a stay at a lane and keep the quote."""
        found = stays.find(conn, self.books.site, stay)
        if not found.account.is_open:
            raise BillingError(f"quote stay {stay}: it has ended")
        charged = self._charge(conn, found, at)
        if place.lane is not None and self.park.around(place.lane) is not None:
            charged = Charge(charged.priced, Due(Fen(0), Reason.TRANSIT))
        made = self._keep(conn, at, valid_until, place, found, charged)
        doubt, amounts = made.doubt, {"total_fen": made.total_fen, "due_fen": made.due_fen}
        amounts |= {"older_fen": made.older_fen, "credit_fen": made.credit_fen}
        self.books.tell(conn, at, "money", "quoted", place, stay=stay, quote=made.id, doubt=doubt, **amounts)
        return made

    def _keep(
        self, conn: Connection, at: datetime, valid_until: datetime, place: Place, stay: Stay, charged: Charge
    ) -> Quote:
        """Keep a quote, and hold the vouchers that it counts for its stay."""
        doubt = self._too_much(conn, stay, at, charged.due.due_fen)
        older = self._older(conn, stay, charged.due)
        credit_fen = Fen(stay.account.credit_fen + charged.let_off_fen)
        asked = charged.priced, charged.due, doubt, older, credit_fen, charged.lines
        owes = self._owes(conn, stay)
        made = stays.add_quote(conn, self.books.site, at, valid_until, place, stay.id, *asked, owes)
        if charged.due.free_reason is not Reason.TRANSIT:
            vouchers.reserve(conn, self.books.site, stay.id, made.id, charged.lines)
        return made

    def bill(self, conn: Connection, at: datetime, stay: StayId) -> Bill:
        """Give all that the driver of an open stay is told about its fee. Raises BillingError."""
        found = stays.find(conn, self.books.site, stay, lock=False)
        if not found.account.is_open:
            raise BillingError(f"tell the fee of stay {stay}: it has ended")
        older = debts.of_plate(conn, self.books.site, found.plate) if self.arrears.at_exit == "add" else ()
        return telling.bill(conn, self.books, self.park, self.versions, found, at, older)

    def _older(self, conn: Connection, stay: Stay, what: Due) -> Debts:
        """Give the old debts that are asked for together with a stay: none of a car that is let through anyway."""
        if self.arrears.at_exit != "add" or what.free_reason in (Reason.TRANSIT, Reason.SPECIAL):
            return ()
        return debts.parts_of(debts.of_plate(conn, self.books.site, stay.plate))

    def _owes(self, conn: Connection, stay: Stay) -> Fen:
        """Give what the plate owes of earlier stays, where its driver is told and nothing is added."""
        return owed(debts.of_plate(conn, self.books.site, stay.plate)) if self.arrears.at_exit == "ask" else Fen(0)

    def asks_the_same(self, conn: Connection, order: PayOrder, stay: Stay) -> bool:
        """Say whether an order still asks for what its stay owed when it was quoted, and for the same old debts."""
        what = self._charge(conn, stay, order.quoted_at).due
        own = Fen(order.account.amount_fen - order.account.older_fen)
        return what.due_fen == own and self._older(conn, stay, what) == order.older

    def quote_again(self, conn: Connection, order: PayOrder, stay: Stay) -> Quote:
        """Give the quote of an order whose driver may be paying at this moment."""
        priced = self._charge(conn, stay, order.quoted_at).priced
        account = order.account
        doubt = self._too_much(conn, stay, order.quoted_at, Fen(account.amount_fen - account.older_fen))
        return Quote(
            order.quote,
            stay.id,
            Fen(account.total_fen + account.credit_fen),
            account.amount_fen,
            priced.minutes,
            order.valid_until,
            doubt=doubt,
            older=order.older,
            credit_fen=account.credit_fen,
            owes_fen=self._owes(conn, stay),
        )

    def begin(
        self,
        conn: Connection,
        at: datetime,
        lane: LaneName,
        passage: Passage,
        reason: Reason,
        by: str,
        came_at: datetime | None = None,
    ) -> tuple[StayId, tuple[OrderId, ...]]:
        """Begin the stay of a completed entry passage, or move one into a nested lot; gives orders to be closed.

        `came_at`: when the car came in, where that is known only afterwards.
        """
        came_at = came_at or at
        begun = stays.begun_by(conn, passage.id)
        if begun is not None:
            return begun, NO_ORDERS
        place = Place(lane, passage.id)
        inside = self._goes_further(conn, lane, passage)
        if inside is not None:
            self._move(conn, at, inside, lane, passage.id, by, inwards=True)
            return inside.id, NO_ORDERS
        if self.park.around(lane) is not None:
            self.books.tell(conn, at, "alarm", "a car without a stay went into a nested lot", place, by=by)
        orders = NO_ORDERS
        if passage.read is not None:
            orders = self._end_unseen(conn, at, came_at, passage.read.text, place, reason, by)
        card = self._card(conn, came_at, lane, passage.read)
        zone = self.park.zone(lane)
        old = None
        if passage.read is not None and not card:
            old = reentry.before(conn, self.books.site, came_at, passage.read.text, zone, self.park.zones)
        tariff, goes_on = (self.versions.at(came_at, zone), ALONE) if old is None else (old[0].tariff, old[1])
        stay, plate = stays.begin(conn, self.books.site, came_at, lane, passage, tariff, zone, card, goes_on)
        if is_unplated(plate):
            tickets.begun(conn, passage.id, stay, plate)
        body = {"stay": stay, "plate": plate, "reason": reason.value, "by": by, "zone": zone, "card": card}
        body |= {} if old is None else {"goes_on": old[0].id}
        self.books.tell(conn, at, "event", "stay begun", place, tariff=tariff.version, **body)
        if passage.read is not None and self.park.around(lane) is None:
            bookings.arrived(conn, self.books, came_at, self.rules, stay, plate, tariff)
        if self.pay_score is not None and self.park.around(lane) is None:
            parking.want(conn, self.books, at, stay, self.pay_score)
        return stay, orders

    def _goes_further(self, conn: Connection, lane: LaneName, passage: Passage) -> Stay | None:
        """Give the open stay of a car that has gone through an inner lane; None at an outer one, or if it has none."""
        if self.park.around(lane) is None:
            return None
        if passage.stay is not None:
            found = stays.find(conn, self.books.site, passage.stay)
            return found if found.account.is_open else None
        return None if passage.read is None else stays.open_under(conn, self.books.site, passage.read.text)

    def _card(self, conn: Connection, at: datetime, lane: LaneName, read: PlateRead | None) -> str:
        """Give the month card of which a car takes a space; decided where it comes in, while no other can."""
        if read is None:
            return ""
        held = [right for right in register.rights_of(conn, self.books.site, read.text) if right.holds(at)]
        return rights.standing(read.text, read.kind, held, self.park.zone(lane), self.park.zones).card

    def end(
        self,
        conn: Connection,
        at: datetime,
        lane: LaneName,
        stay: StayId,
        passage: Passage,
        reason: Reason,
        by: str,
        ending: Ending,
    ) -> tuple[OrderId, ...]:
        """End the stay of a completed exit passage, or move it out of a nested lot; gives orders to be closed."""
        found = stays.find(conn, self.books.site, stay)
        place = Place(lane, passage.id)
        if found.exit_passage == passage.id:
            return NO_ORDERS
        if not found.account.is_open:
            self.books.tell(conn, at, "alarm", "the car of an ended stay left", place, stay=stay, by=by)
            return NO_ORDERS
        if self.park.around(lane) is not None:
            self._move(conn, at, found, lane, passage.id, by, inwards=False)
            return NO_ORDERS
        self._close(conn, at, found, passage.began_at, reason, by, ending, place)
        stays.end_seen(conn, stay, at, lane, passage, reason)
        return _close_orders(conn, stay, "the car has left")

    def annul(self, conn: Connection, at: datetime, lane: LaneName, passage: PassageId) -> tuple[OrderId, ...]:
        """Undo what an entry passage did, since its car reversed out; gives orders to be closed."""
        place = Place(lane, passage)
        moved = stays.moved_by(conn, self.books.site, passage)
        if moved is not None:
            self._move(conn, at, moved, lane, passage, "lane", inwards=False)
            return NO_ORDERS
        begun = stays.begun_by(conn, passage)
        if begun is None:
            return NO_ORDERS
        found = stays.find(conn, self.books.site, begun)
        if not found.account.is_open:
            return NO_ORDERS
        if found.account.paid_fen or found.account.credit_fen:
            self.books.tell(conn, at, "alarm", "a paid stay was not annulled", place, stay=begun)
            return NO_ORDERS
        stays.close(conn, begun, at, Ending.ANNULLED, Final(Fen(0), Fen(0), Fen(0)))
        parking.end(conn, begun, at)
        vouchers.free(conn, self.books.site, begun)
        bookings.annulled(conn, self.books, at, begun)
        self.books.tell(conn, at, "event", "stay annulled", place, stay=begun, plate=found.plate)
        return _close_orders(conn, begun, "the stay was annulled")

    def _move(
        self, conn: Connection, at: datetime, stay: Stay, lane: LaneName, passage: PassageId, by: str, *, inwards: bool
    ) -> None:
        """Note that a car has gone into a nested lot, or out of it into the zone around."""
        zone = self.park.zone(lane) if inwards else self.park.around(lane)
        if stay.zone == zone:
            return
        stays.move(conn, stay.id, zone, passage if inwards else None)
        body = {"stay": stay.id, "plate": stay.plate, "from": stay.zone, "zone": zone, "by": by}
        self.books.tell(conn, at, "event", "stay moved", Place(lane, passage), **body)

    def end_unseen(
        self, conn: Connection, at: datetime, stay: StayId, by: str, reason: str, note: str
    ) -> tuple[OrderId, ...] | None:
        """End an open stay on a person's word that its car is not inside; gives its orders, None if it had ended."""
        found = stays.find(conn, self.books.site, stay)
        if not found.account.is_open:
            return None
        self.books.tell_of(conn, at, by, "end stay", stay=stay, reason=reason, note=note)
        self._close(conn, at, found, at, Reason.OPEN_LANE, by, Ending.EXIT_UNSEEN, NOWHERE)
        return _close_orders(conn, found.id, "the stay was ended by hand")

    def _end_unseen(
        self, conn: Connection, at: datetime, came_at: datetime, plate: Plate, place: Place, reason: Reason, by: str
    ) -> tuple[OrderId, ...]:
        """End the stay that is open under a plate which has come in again; gives its orders."""
        found = stays.open_under(conn, self.books.site, plate)
        if found is None:
            return NO_ORDERS
        self._close(conn, at, found, came_at, reason, by, Ending.EXIT_UNSEEN, place)
        return _close_orders(conn, found.id, "the stay ended unseen")

    def _close(
        self,
        conn: Connection,
        at: datetime,
        stay: Stay,
        until: datetime,
        reason: Reason,
        by: str,
        ending: Ending,
        place: Place,
    ) -> None:
        """Close a stay's account at what was due at `until`: waiting for the boom costs nothing.

        An order that may still be paid asks for what the driver was last told; its payment must fit the arrears.
        """
        if is_visitor(reason, ending):
            bookings.arrived(conn, self.books, at, self.rules, stay.id, stay.plate, stay.tariff)
        due_fen, credit_fen = self._let_off(conn, at, stay, until, reason, ending)
        asked = (order.account.asks(stay.account) for order in book.pending_of(conn, stay.id))
        final = close_account(stay.account.paid_fen, Fen(max(due_fen, *asked, 0)), reason, ending, credit_fen)
        stays.close(conn, stay.id, at, ending, final)
        parking.end(conn, stay.id, at)
        entry = flows.ended(stay.id, final, reason, ending, by)
        if entry is not None:
            post(conn, self.books.site, at, entry)
        body: dict[str, object] = {"stay": stay.id, "plate": stay.plate, "ending": ending.value, **asdict(final)}
        body |= {"reason": reason.value, "by": by, "paid_fen": stay.account.paid_fen}
        self.books.tell(conn, at, "event", "stay ended", place, **body)

    def _let_off(
        self, conn: Connection, at: datetime, stay: Stay, until: datetime, reason: Reason, ending: Ending
    ) -> tuple[Fen, Fen]:
        """Use up the vouchers of a stay that ends; gives what is still due, and what all its vouchers let it off.

        A promise is kept as it was made: by its quote. Where nothing is asked for, the vouchers are free again; but a
        visitor's host pays its part, even if a person let him out.
        """
        site, charged = self.books.site, self._charge(conn, stay, until)
        if not keeps_promise(reason, ending) and not is_owed(reason, ending):
            hosts = [line for line in charged.lines if line.kind == HOST] if is_visitor(reason, ending) else []
            vouchers.reserve(conn, site, stay.id, None, hosts)
            used = vouchers.use(conn, self.books, at, stay.id)
            return Fen(charged.due.due_fen + charged.let_off_fen - used), Fen(stay.account.credit_fen + used)
        if keeps_promise(reason, ending):
            used = vouchers.use_promised(conn, self.books, at, stay.id)
        else:
            vouchers.reserve(conn, site, stay.id, None, charged.lines)
            used = vouchers.use(conn, self.books, at, stay.id)
        return charged.due.due_fen, Fen(stay.account.credit_fen + used)

    def _charge(self, conn: Connection, stay: Stay, at: datetime) -> Charge:
        return charge(conn, self.books, self.park, self.versions, stay, at)

    def _too_much(self, conn: Connection, stay: Stay, at: datetime, due_fen: Fen) -> str:
        """Say why nobody may be asked to pay this before a person has looked."""
        limits = self.limits
        if due_fen > 0 and restored.may_be_paid(conn, self.books.site, stay.entered_at):
            return restored.UNSURE
        return rights.too_much(stay.entered_at, at, due_fen, limits.stay_hours, Fen(limits.stay_fen))


def _close_orders(conn: Connection, stay: StayId, why: str) -> tuple[OrderId, ...]:
    """Write down that the orders of a stay shall be closed; gives them, so that it happens at once.

    A code at a scanner and a deduction see themselves through.
    """
    orders = tuple(order.id for order in book.pending_of(conn, stay, OrderKind.QR))
    book.want_closed(conn, orders, why)
    return orders
