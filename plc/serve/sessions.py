"""Who may hold a session with our OPC UA server, and how much of it (decision 24).

asyncua leaves three doors open that are shut here: a channel without security is always to be had, whatever is
offered; a client's certificate is asked for only if it shows one; anybody may register a server.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import structlog
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import USER_TYPES, SimpleRoleRuleset, User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509

from plc.ua.certificate import name_of, sha256, trouble_with_dates
from scada.settings.stores import ServeOpcUa

FASTEST_MS = 100.0
"""Changes cross the bridge ten times a second; publishing more often brings nothing."""
PENDING_S = 15.0
"""A connection without a session for this long is closed."""
SPARE_CONNECTIONS = 8
"""Connections beyond the sessions: for clients that only look at what is offered."""
_NEVER = (ObjectIds.WriteRequest_Encoding_DefaultBinary, ObjectIds.CallRequest_Encoding_DefaultBinary)

log = structlog.get_logger(__name__)


class OnlyReading(SimpleRoleRuleset):
    """What a client may ask for: to look, and nothing else."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._permission_dict[UserRole.User] = {
            ua.NodeId.from_string(f"i={kind}") for kind in USER_TYPES if kind not in _NEVER
        }


class Porter:
    """Decides who is let in. `sign_in(name, password, address)` asks the plant."""

    def __init__(
        self, settings: ServeOpcUa, sign_in: Callable[[str, str, str], bool], now: Callable[[], datetime]
    ) -> None:
        self._sign_in, self._now = sign_in, now
        self._open = "None" in settings.security
        self._address = ""
        self.trusted: Collection[bytes] = frozenset()
        self.strangers: dict[bytes, x509.Certificate] = {}
        """Certificates that were shown and are not trusted, for a person to look at."""

    def check_channel(self, certificate: bytes | None, address: str) -> None:
        """Let the channel's certificate pass. Raises ServiceError for any that a person has not trusted."""
        self._address = address
        if not certificate and self._open:
            return
        if not certificate:
            log.warning("an opc ua client was refused", peer=address, why="its channel has no security")
            raise ServiceError(StatusCodes.BadSecurityPolicyRejected)
        found = x509.load_der_x509_certificate(certificate)
        trouble = trouble_with_dates(found, self._now())
        if certificate in self.trusted and not trouble:
            return
        self.strangers[certificate] = found
        why = f"its certificate {trouble or 'is not trusted'}"
        log.warning("an opc ua client was refused", peer=address, why=why, name=name_of(found), sha256=sha256(found))
        raise ServiceError(StatusCodes.BadCertificateUntrusted)

    def get_user(
        self,
        _iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,  # noqa: ANN401 - asyncua's own
    ) -> User | None:
        """Let a name with its password in; asyncua asks this."""
        if not username or not password or not self._sign_in(username, password, self._address):
            log.warning("an opc ua client was refused", peer=self._address, why="name or password")
            return None
        return User(UserRole.User, username)


class ReadingServer(InternalServer):
    """asyncua's inner server with the open doors shut."""

    def __init__(self, settings: ServeOpcUa, porter: Porter) -> None:
        super().__init__(user_manager=porter)  # type: ignore[arg-type]
        self._settings, self._porter = settings, porter
        self.allow_remote_admin = False
        self.supported_tokens = (ua.UserNameIdentityToken,)  # type: ignore[assignment]
        self.max_connections = settings.sessions + SPARE_CONNECTIONS
        self.max_subscriptions = settings.subscriptions
        self.max_pending_activation_seconds = PENDING_S
        self.max_session_timeout_ms = 120_000
        self.max_monitored_item_queue_size = 100
        self.max_unacked_messages_per_subscription = 100
        self.max_lifetime_count = 3000

    def register_server(self, server: object, conf: object = None) -> None:
        """Keep no directory of others' servers."""
        raise ServiceError(StatusCodes.BadServiceUnsupported)

    def create_session(
        self,
        name: Any,  # noqa: ANN401 - asyncua gives the peer's address here
        user: User = User(role=UserRole.Anonymous),  # noqa: B008 - asyncua's own
        external: bool = False,
    ) -> InternalSession:
        """Make a session that knows its limits."""
        return ReadingSession(self._settings, self._porter, self, name, user, external=external)

    def is_full(self) -> bool:
        """Say whether as many sessions live as there may be: here, where asyncua counts those of a whole process."""
        return sum(one.is_activated() for one in self._external_sessions.values()) >= self._settings.sessions

    def guests(self) -> dict[str, list[InternalSession]]:
        """Give the living sessions by the name that signed in."""
        found: dict[str, list[InternalSession]] = {}
        for session in self._external_sessions.values():
            if session.is_activated() and session.user.name:
                found.setdefault(session.user.name, []).append(session)
        return found


class ReadingSession(InternalSession):
    """One client's session."""

    def __init__(
        self,
        settings: ServeOpcUa,
        porter: Porter,
        server: ReadingServer,
        name: Any,  # noqa: ANN401 - asyncua gives the peer's address here
        user: User,
        *,
        external: bool,
    ) -> None:
        super().__init__(server, server.aspace, server.subscription_service, name, user=user, external=external)
        self._settings, self._porter, self._server = settings, porter, server
        self._address = str(name[0]) if isinstance(name, tuple) else str(name)

    def activate_session(
        self, params: ua.ActivateSessionParameters, peer_certificate: bytes | None
    ) -> ua.ActivateSessionResult:
        """Let the client in if its certificate, name and password are known."""
        self._porter.check_channel(peer_certificate, self._address)
        if not self.is_activated() and self._server.is_full():
            raise ServiceError(StatusCodes.BadMaxConnectionsReached)
        return super().activate_session(params, peer_certificate)

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Publish no more often than there is something new."""
        if not params.RequestedPublishingInterval >= FASTEST_MS:
            params.RequestedPublishingInterval = ua.Duration(FASTEST_MS)
        return await super().create_subscription(params, callback, request_callback)

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """Watch as many items as a session may."""
        if self._watched() + len(params.ItemsToCreate) > self._settings.items:
            raise ServiceError(StatusCodes.BadTooManyMonitoredItems)
        return await super().create_monitored_items(params)

    def _watched(self) -> int:
        own = (sub for sub in self.subscription_service.subscriptions.values() if sub.session_id == self.session_id)
        return sum(len(sub.monitored_item_srv._monitored_items) for sub in own)
