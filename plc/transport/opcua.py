"""The one adapter to asyncua 2.1.0: one session with one server, its traps (`plc.md` §11) kept inside.

Every failure is a PlcError. A session is used for one connection and thrown away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from math import inf
from typing import Any, TypeVar

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy, StatusChangeEvent, SubEvent, Subscription
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.registers import Kind
from plc.transport.stopping import heed_cancellation
from plc.transport.values import node_id, update_of, variant_of
from scada.model.handshake import AckResult, Answer, CommandBlock
from scada.model.tag import TagName, TagUpdate, Value
from scada.ports import PlcError

PUBLISH_MS = 50.0
KEEP_ALIVES = 4
"""A quiet subscription still answers every four intervals."""
SILENT_S = 1.0
"""Nothing heard for this long: the link is lost, whatever the socket says."""
QUEUE = 2000
LIFETIME = 10_000

T = TypeVar("T")
log = structlog.get_logger(__name__)


class OpcUaSession:
    """One connection: subscribe or read, write, call."""

    def __init__(self, device: Device, tags: Sequence[MappedTag]) -> None:
        self._device = device
        self._methods = [tag for tag in tags if tag.kind is Kind.METHOD]
        self._by_node: dict[ua.NodeId, list[MappedTag]] = defaultdict(list)
        for tag in tags:
            if tag.is_read:
                self._by_node[node_id(tag)].append(tag)
        self._client = Client(
            f"opc.tcp://{device.host}:{device.port}/", timeout=device.timeout_s, reconnect_request_timeout=1.0
        )
        self._subscription: Subscription | None = None
        self._subscribed_s = 0.0
        self._opened = False
        self._overflowed = False
        self._parents: dict[TagName, ua.NodeId] = {}

    async def open(self) -> None:
        """Connect and find the objects that the methods belong to. Raises PlcError."""
        await self._ask(self._client.connect(), "connect to", 2 * self._device.timeout_s)
        self._opened = True
        for tag in self._methods:
            node = self._client.get_node(node_id(tag))
            parent = await self._ask(node.get_parent(), f"find the object of {tag.name} on")
            if parent is not None:
                self._parents[tag.name] = parent.nodeid

    async def close(self) -> None:
        """End the session if it still can be ended; always let go of the socket."""
        try:
            if self._opened:
                async with asyncio.timeout(1.0):
                    await self._client.disconnect()
        except (UaError, OSError, TimeoutError) as error:
            log.debug("opc ua session not closed", plc=self._device.name, why=repr(error))
        finally:
            self._client.disconnect_socket()

    async def read(self, tags: Sequence[MappedTag]) -> list[TagUpdate]:
        """Read tags in one request, with status and time. Raises PlcError."""
        nodes = [node_id(tag) for tag in tags]
        answers = await self._ask(
            self._client.uaclient.read_attributes(nodes, AttributeIds.Value), f"read {len(nodes)} nodes of"
        )
        if len(answers) != len(tags):
            raise PlcError(f"read {len(nodes)} nodes of {self._device.where}: {len(answers)} came")
        return [update_of(tag, answer) for tag, answer in zip(tags, answers, strict=True)]

    async def subscribe(self, tags: Sequence[MappedTag]) -> tuple[float, list[MappedTag]]:
        """Subscribe; give the publishing interval in s as the server revised it, and what it does not have."""
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=PUBLISH_MS,
            RequestedLifetimeCount=LIFETIME,
            RequestedMaxKeepAliveCount=KEEP_ALIVES,
            MaxNotificationsPerPublish=QUEUE,
            PublishingEnabled=True,
        )
        self._subscription = Subscription(
            self._client.uaclient.session, parameters, queue_maxsize=QUEUE, overflow=OverflowPolicy.DISCONNECT
        )
        self._subscription.set_overflow_disconnect_handler(self._note_overflow)
        self._subscribed_s = asyncio.get_running_loop().time()
        revised = await self._ask(self._subscription.init(), "subscribe at")
        missing = await self._monitor(self._subscription, tags)
        return revised.RevisedPublishingInterval / 1000, missing

    async def unsubscribe(self) -> None:
        """Drop the subscription. Raises PlcError."""
        if self._subscription is not None:
            await self._ask(self._subscription.delete(), "unsubscribe at")
            self._subscription = None

    async def notified(self, within_s: float) -> list[TagUpdate]:
        """Give all of one publish response, or nothing if none came in time. Raises PlcError when the link is lost."""
        if self._subscription is None:
            raise PlcError(f"{self._device.where}: not subscribed")
        try:
            event = await self._subscription.next_event(within_s)
        except StopAsyncIteration:
            raise PlcError(f"{self._device.where}: the subscription has ended") from None
        heed_cancellation()
        self.check()
        return [] if event is None else self._rest_of(event, self._subscription)

    def heard_s(self) -> float:
        """How long ago the server last answered a publish request."""
        if self._subscription is None:
            return 0.0
        return asyncio.get_running_loop().time() - (self._subscription.last_publish_at or self._subscribed_s)

    def check(self) -> None:
        """Raise PlcError unless the session is connected and its subscription is heard."""
        if self._client.state is not UaClientState.CONNECTED:
            raise PlcError(f"{self._device.where}: the session is {self._client.state.value}")
        if self._overflowed:
            raise PlcError(f"{self._device.where}: more than {QUEUE} notifications are waiting")
        if self.heard_s() > SILENT_S:
            raise PlcError(f"{self._device.where}: nothing heard for {SILENT_S:g} s")

    async def write(self, tag: MappedTag, value: Value) -> None:
        """Write one variable, once, only while connected. Raises PlcError."""
        self.check()
        what = f"write {tag.name} to"
        try:
            data = ua.DataValue(variant_of(tag, value))
        except TypeError as error:
            raise PlcError(f"{what} {self._device.where}: {error}") from error
        answers = await self._ask(self._client.uaclient.write_attributes([node_id(tag)], [data]), what)
        if not answers[0].is_good():
            raise PlcError(f"{what} {self._device.where}: {answers[0].name}")

    async def call(self, tag: MappedTag, block: CommandBlock) -> Answer | None:
        """Call the command method, once, only while connected. Raises PlcError."""
        self.check()
        what = f"call {tag.name} of"
        if tag.name not in self._parents:
            raise PlcError(f"{what} {self._device.where}: the server does not have it")
        parent = self._client.get_node(self._parents[tag.name])
        answer = await self._ask(parent.call_method(node_id(tag), *_arguments(block)), what)
        return self._answer(answer, what)

    def _answer(self, answer: Any, what: str) -> Answer | None:  # noqa: ANN401 - asyncua's own
        if not isinstance(answer, list) or len(answer) != 2 or not all(isinstance(part, int) for part in answer):
            raise PlcError(f"{what} {self._device.where}: {answer!r}")
        seq, result = answer
        return Answer(seq, AckResult(result)) if result in list(AckResult) else None

    async def _monitor(self, subscription: Subscription, tags: Sequence[MappedTag]) -> list[MappedTag]:
        """Monitor each node once, at the pace of its most urgent tag; give the tags that the server does not have."""
        paces: dict[ua.NodeId, float] = {}
        for tag in tags:
            paces[node_id(tag)] = min(paces.get(node_id(tag), inf), tag.scan.period_s)
        missing = []
        for period_s in sorted(set(paces.values())):
            group = [node for node, pace_s in paces.items() if pace_s == period_s]
            handles = await self._ask(
                subscription.subscribe_data_change(
                    [self._client.get_node(node) for node in group],
                    queuesize=1,
                    sampling_interval=ua.Double(period_s * 1000),
                ),
                "monitor at",
            )
            lacking = [node for node, handle in zip(group, handles, strict=True) if not isinstance(handle, int)]
            missing += [tag for node in lacking for tag in self._by_node[node]]
        return missing

    def _rest_of(self, first: SubEvent, subscription: Subscription) -> list[TagUpdate]:
        """Take what came with the first event: asyncua puts a whole publish response into the queue at once."""
        events: list[SubEvent | None] = [first]
        queue = subscription._event_queue
        while queue is not None and not queue.empty():
            events.append(queue.get_nowait())
        return [update for event in events for update in self._updates(event)]

    def _updates(self, event: SubEvent | None) -> list[TagUpdate]:
        if isinstance(event, DataChangeEvent):
            data = event.data.monitored_item.Value
            return [update_of(tag, data) for tag in self._by_node[event.node.nodeid]]
        why = event.notification.Status.name if isinstance(event, StatusChangeEvent) else "ended"
        raise PlcError(f"{self._device.where}: the subscription says {why}")

    def _note_overflow(self) -> None:
        self._overflowed = True

    async def _ask(self, request: Awaitable[T], what: str, within_s: float | None = None) -> T:
        try:
            async with asyncio.timeout(within_s or self._device.timeout_s):
                answer = await request
        except (UaError, OSError, TimeoutError) as error:
            raise PlcError(f"{what} {self._device.where}: {error!r}") from error
        heed_cancellation()
        return answer


def _arguments(block: CommandBlock) -> list[ua.Variant]:
    short, long = ua.VariantType.UInt16, ua.VariantType.UInt32
    return [
        ua.Variant(block.claim, short),
        ua.Variant(int(block.code), short),
        ua.Variant(block.passage, long),
        ua.Variant(block.ttl_ms, short),
        ua.Variant(block.tick, short),
        ua.Variant(block.seq, long),
    ]
