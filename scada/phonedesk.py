"""Builds what the drivers' phones talk to, from the plant's parts."""

from collections.abc import Mapping
from functools import partial

from billing.books import Place
from billing.cashier import SqlCashier
from billing.doors.driver import DriverDesk, DriverParts
from billing.driver.tokens import Tokens, driver_key
from billing.driver.visitors import Seal
from billing.pay.web import WeChatWeb
from scada.clock import Clock
from scada.config import Config
from scada.engine.lanes import LaneRunner
from scada.model.lane.states import AwaitingOperator, AwaitingPayment
from scada.model.names import LaneName, StayId
from scada.ports import BillingError, Journal
from scada.secretfile import read_secret


def phone_desk(
    config: Config, cashier: SqlCashier, journal: Journal, clock: Clock, runners: Mapping[LaneName, LaneRunner]
) -> DriverDesk:
    """Build the desk; reads its key and the official account's secret. Raises BillingError, OSError."""
    key = driver_key(config.data / "keys" / "driver.key")
    parts = DriverParts(
        cashier=cashier,
        journal=journal,
        clock=clock,
        tokens=Tokens(key, "fee"),
        seal=Seal(key),
        where=partial(waits_at, runners),
        web=_official_account(config),
        may_h5=config.phones.h5,
    )
    return DriverDesk(parts)


def waits_at(runners: Mapping[LaneName, LaneRunner], stay: StayId) -> Place | None:
    """Give the exit at which the car of a stay waits to pay; None if it waits at none."""
    for lane, runner in runners.items():
        live, state = runner.lane.live, runner.lane.state
        if live is not None and live.stay == stay and isinstance(state, AwaitingPayment | AwaitingOperator):
            return Place(lane, live.id)
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
