"""The verbs of tariffs: versions and drafts, every mistake while they are written, what a stay costs, who signs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.tariff import Bill, Credits, HolidayTable, Special, Tariff, TariffError, in_words, quote
from billing.versions import drafts, given, holidays, signatures
from billing.versions.choice import Versions, clashes, why_not
from billing.versions.choices import choices
from billing.versions.compared import rules, samples
from billing.versions.days import over, signed_days
from billing.versions.drafts import Read, read_text
from billing.versions.given import GivenError
from billing.versions.holidays import HolidayError
from billing.versions.signatures import NEEDED, Signature
from scada.config import Config
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.settings.office import SettingsOffice
from scada.model.lane.codec import Json
from scada.model.money import Fen
from scada.model.rights import SIGN_TARIFF
from scada.model.settings import SettingKind, SettingVersion
from scada.store.operators import Operators
from scada.store.settings import book

FILE, DRAFT = "file", "draft"
MOST_DAYS: Final = 400
"""The calculator prices a stay of so many days at most."""
_LONGEST_NAME: Final = 40
_MOST_VOUCHERS: Final = 5

Signed = Mapping[str, Sequence[Signature]]
_InSql = tuple[Mapping[str, SettingVersion], Mapping[str, int], Signed, Mapping[int, Mapping[date, Special]]]


@dataclass(frozen=True, slots=True)
class Known:
    """All tariffs of a site: its files, its drafts, who has signed what, and the days by which they price."""

    texts: Sequence["Text"]
    written: Mapping[str, SettingVersion]
    last: Mapping[str, int]
    signed: Signed
    table: HolidayTable


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one tariff, where it is from, and its last version if it is a draft."""

    key: str
    text: str
    read: Read
    draft: SettingVersion | None = None


class TariffOffice:
    """Tariffs in the control room; the rights are checked before these are called."""

    def __init__(self, config: Config, office: SettingsOffice, operators: Operators) -> None:
        self._config = config
        self._office = office
        self._operators = operators
        self._zone = config.site.zone_info

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "tariffs": self._list,
            "tariff": self._show,
            "check_tariff": self._check,
            "try_tariff": self._try,
            "compare_tariffs": self._compare,
            "save_tariff": self._save,
            SIGN_TARIFF: self._sign,
            "withdraw_tariff": self._withdraw,
        }

    async def _list(self, ask: Ask) -> object:
        known = await self._known()
        rows = [self._row(one, known) for one in known.texts]
        return sorted(rows, key=lambda row: (str(row["effective_from"]), str(row["key"])), reverse=True)

    async def _show(self, ask: Ask) -> object:
        known = await self._known()
        found = _named(known, text_of(ask, "key"))
        mistakes = [asdict(one) for one in found.read.mistakes]
        return {**self._row(found, known), "text": found.text, "mistakes": mistakes, "choices": choices()}

    async def _check(self, ask: Ask) -> object:
        """Tell every mistake of a text that somebody is writing."""
        read = await asyncio.to_thread(read_text, _written(ask))
        tariff = read.tariff
        named = None if tariff is None else {"name": tariff.name, "version": tariff.version, "digest": tariff.digest}
        return {"mistakes": [asdict(one) for one in read.mistakes], "tariff": named}

    async def _try(self, ask: Ask) -> object:
        """Price one stay under a text, and explain it."""
        known, read = await self._known(), await asyncio.to_thread(read_text, _written(ask))
        tariff = _readable(read)
        try:
            return await asyncio.to_thread(self._priced, ask, tariff, known.table)
        except (GivenError, TariffError) as error:
            raise BridgeRefusal("bad_args", str(error)) from error

    def _priced(self, ask: Ask, tariff: Tariff, table: HolidayTable) -> dict[str, object]:
        entry, leave = (given.moment(text_of(ask, name), self._zone) for name in ("entry", "exit"))
        if not timedelta() <= leave - entry <= timedelta(days=MOST_DAYS):
            raise GivenError(f"a stay ends after it began, and within {MOST_DAYS} days")
        words = [word for word in (optional(ask, "vehicle"),) if word]
        kinds = [word for word in (optional(ask, "plate_kind"),) if word]
        vouchers = optional(ask, "voucher").split()[:_MOST_VOUCHERS]
        paid = Fen(whole_number(ask, "paid_fen", 0, 100_000_000) if "paid_fen" in ask.args else 0)
        credits = Credits(paid, None, given.vouchers(tariff, vouchers))
        made = quote(tariff, entry, leave, self._zone, given.vehicle(tariff, words, kinds), credits, table)
        said = {one: in_words(Bill.of(made), self._zone, english=one == "en") for one in ("zh", "en")}
        return {**made.to_json(self._zone), "said": said}

    async def _compare(self, ask: Ask) -> object:
        """Compare two tariffs, each named by its key: rule by rule, and by what some stays cost."""
        known = await self._known()
        one, other = [_readable(_named(known, text_of(ask, name)).read) for name in ("one", "other")]
        versions = Versions((one, other), self._zone)
        day = max(versions.begins(one), versions.begins(other))
        found = await asyncio.to_thread(lambda: list(samples(one, other, day, self._zone, known.table)))
        return {
            "rules": [change.to_json() for change in rules(one, other)],
            "samples": [
                {
                    "entered_at": sample.entered_at.isoformat(),
                    "minutes": sample.minutes,
                    "one_fen": sample.one_fen,
                    "other_fen": sample.other_fen,
                }
                for sample in found
            ],
        }

    async def _save(self, ask: Ask) -> object:
        """Write a draft; one that two people have signed stays as it is."""
        subject, text = text_of(ask, "subject").strip(), _written(ask)
        if len(subject) > _LONGEST_NAME or not subject.replace("-", "").replace("_", "").isalnum():
            raise BridgeRefusal("bad_args", f"subject: 1 to {_LONGEST_NAME} letters, digits, - and _")
        known = await self._known()
        held = known.written.get(subject)
        if held is not None and _is_signed(read_text(drafts.text_of(held)), known.signed):
            raise BridgeRefusal("refused", "two people have signed it: write a new draft")
        made = await self._office.add(ask, SettingKind.TARIFF, subject, {"text": text})
        return {"key": f"{DRAFT}:{subject}", "seen": made.version}

    async def _sign(self, ask: Ask) -> object:
        """Sign a version, and let a second person, who signs in beside, sign it at once if he is named."""
        known = await self._known()
        tariff = _readable(_named(known, text_of(ask, "key")).read)
        if tariff.digest != text_of(ask, "digest"):
            raise BridgeRefusal("refused", "it was changed meanwhile: look at it again")
        people = [ask.user, *([await self._second(ask)] if optional(ask, "second_name") else [])]
        self._may_be_signed(tariff, known)
        at, site = self._office.clock.now(), self._config.site_id

        def work(conn: Connection) -> list[str]:
            return [name for name in people if signatures.sign(conn, site, at, tariff, name)]

        done = await self._office.db.write(work)
        if not done:
            raise BridgeRefusal("refused", "you have signed it already")
        count = len(
            {one.by.casefold() for one in known.signed.get(tariff.digest, ())} | {one.casefold() for one in done}
        )
        return {"signed": done, "missing": max(0, NEEDED - count)}

    async def _second(self, ask: Ask) -> str:
        second = await second_person(self._operators, ask, "a second person signs")
        if not await self._operators.may_now(second, SIGN_TARIFF):
            raise BridgeRefusal("refused", "the second person: only a manager or administrator signs")
        return second

    def _may_be_signed(self, tariff: Tariff, known: Known) -> None:
        """Look that signing it leaves one tariff in force at a time. Raises BridgeRefusal."""
        if tariff.demo:
            raise BridgeRefusal("refused", "it is for a demo: take `demo` out before it is signed")
        others = [one for one in _readables(known) if one != tariff and self._charges(one, known)]
        for one, other in clashes(Versions((tariff, *others), self._zone)):
            if tariff in (one, other):
                named = other if one == tariff else one
                raise BridgeRefusal("refused", f"{named.version} is in force from the same moment on: name another one")

    async def _withdraw(self, ask: Ask) -> object:
        """Take a draft back, or a signed version that does not hold yet."""
        known = await self._known()
        found = _named(known, text_of(ask, "key"))
        if found.draft is None:
            raise BridgeRefusal("refused", "a file of the site is taken out of its folder")
        tariff = found.read.tariff
        if tariff is not None and self._charges(tariff, known):
            if Versions((tariff,), self._zone).begins(tariff) <= self._office.clock.now():
                raise BridgeRefusal("refused", "it is in force: sign another version that follows it")
            await self._second(ask)
        await self._office.end(ask, found.draft)
        return {"done": True}

    def _row(self, one: Text, known: Known) -> dict[str, Json]:
        tariff, seen = one.read.tariff, 0 if one.draft is None else known.last.get(one.draft.subject, 0)
        row: dict[str, Json] = {
            "key": one.key,
            "source": FILE if one.draft is None else DRAFT,
            "seen": seen,
            "by": "" if one.draft is None else one.draft.by,
            "at": None if one.draft is None else one.draft.at.isoformat(),
            "mistaken": len(one.read.mistakes),
        }
        if tariff is None:
            return {**row, "name": one.key.partition(":")[2], "version": "", "effective_from": "", "signed": []}
        signed = known.signed.get(tariff.digest, ())
        return {
            **row,
            "name": tariff.name,
            "version": tariff.version,
            "title": tariff.title,
            "title_en": tariff.title_en,
            "effective_from": tariff.effective_from,
            "zones": list(tariff.zones),
            "demo": tariff.demo,
            "digest": tariff.digest,
            "signed": [{"by": each.by, "at": each.at.isoformat()} for each in signed],
            "charges": self._charges(tariff, known, is_draft=one.draft is not None),
            "begun": Versions((tariff,), self._zone).begins(tariff) <= self._office.clock.now(),
        }

    def _charges(self, tariff: Tariff, known: Known, *, is_draft: bool = False) -> bool:
        virtual = self._config.site.virtual and not is_draft
        return not why_not(tariff, known.signed, virtual=virtual)

    async def _known(self) -> Known:
        at, site = self._office.clock.now(), self._config.site_id

        def work(conn: Connection) -> _InSql:
            written = drafts.latest(book.standing(conn, site, SettingKind.TARIFF))
            last = book.last_versions(conn, site, SettingKind.TARIFF)
            return written, last, signatures.of_site(conn, site), signed_days(conn, site, at)

        try:
            own = await asyncio.to_thread(holidays.read, holidays.path_in(self._config.data))
            written, last, signed, years = await self._office.db.read(work)
        except (SQLAlchemyError, HolidayError) as error:
            raise BridgeRefusal("failed", f"the tariffs cannot be read: {error}") from error
        texts = await asyncio.to_thread(_texts, self._config.beside(self._config.tariff.folder), written)
        return Known(texts, written, last, signed, over(own, years))


def _texts(folder: Path, written: Mapping[str, SettingVersion]) -> list[Text]:
    """Read every text: the files of the folder, and the drafts."""
    files = [(f"{FILE}:{path.name}", _content(path), None) for path in sorted(folder.glob("*.toml"))]
    own = [(f"{DRAFT}:{name}", drafts.text_of(one), one) for name, one in written.items()]
    return [Text(key, text, read_text(text), draft) for key, text, draft in (*files, *own)]


def _content(path: Path) -> str:
    """Give what stands in a file; one that cannot be read is no tariff either."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        return f"# {error.strerror}"


def _named(known: Known, key: str) -> Text:
    """Give a text by its key. Raises BridgeRefusal if there is none such."""
    for one in known.texts:
        if one.key == key:
            return one
    raise BridgeRefusal("bad_args", "there is no such tariff any more")


def _readables(known: Known) -> list[Tariff]:
    """Give every tariff without a mistake."""
    return list(dict.fromkeys(one.read.tariff for one in known.texts if one.read.tariff is not None))


def _is_signed(read: Read, signed: Signed) -> bool:
    return read.tariff is not None and not why_not(read.tariff, signed, virtual=False)


def _readable(read: Read) -> Tariff:
    if read.tariff is None:
        first = read.mistakes[0]
        raise BridgeRefusal("bad_args", f"it has mistakes: line {first.line}: {first.key}: {first.what}")
    return read.tariff


def _written(ask: Ask) -> str:
    text = ask.args.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > drafts.LONGEST:
        raise BridgeRefusal("bad_args", f"text: a tariff of at most {drafts.LONGEST} signs")
    return text.replace("\r\n", "\n")
