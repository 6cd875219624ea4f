"""The one adapter to asyncua 2.1.0: one session with one server, its traps (`plc.md` §11) kept inside.

Every failure is a PlcError. A session is used for one connection and thrown away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy, StatusChangeEvent, SubEvent, Subscription
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.registers import Kind
from plc.transport.stopping import heed_cancellation, within
from plc.transport.values import (
    arguments_of,
    block_of,
    is_unknown_node,
    node_id,
    settled,
    update_of,
    variant_of,
)
from plc.ua.client import dial
from plc.ua.keys import KeyFolder
from scada.model.handshake import AckResult, Answer, CommandBlock
from scada.model.tag import TagName, TagUpdate, Value
from scada.ports import PlcError

PUBLISH_MS = 50.0
KEEP_ALIVES = 4
"""A quiet subscription still answers every four intervals."""
SILENT_S = 1.0
"""Nothing heard for this long: the link is lost, whatever the socket says."""
QUEUE = 2000
"""Notifications that may wait, beyond one of each tag."""
LIFETIME = 200
"""Publishing intervals, 10 s: then the server forgets a subscription that nobody asks for any more."""
AT_ONCE = 250
"""Nodes of one request, even if the server takes more: decoding an answer holds the loop for as long."""
_NAMESPACES, _MAX_READ, _MAX_ITEMS = (
    ua.NodeId(ua.Int32(number))
    for number in (
        ObjectIds.Server_NamespaceArray,
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    )
)

T = TypeVar("T")
log = structlog.get_logger(__name__)


class ServerRefusal(PlcError):
    """The server itself said no to one request; the link is fine."""


class OpcUaSession:
    """One connection: subscribe or read, write, call. `round_trip_ms` is that of the last request."""

    def __init__(self, device: Device, tags: Sequence[MappedTag], keys: KeyFolder) -> None:
        self._device, self._tags, self._keys = device, tags, keys
        self.round_trip_ms = 0.0
        self.ends_at: datetime | None = None
        self._client: Client | None = None
        self._nodes: dict[TagName, ua.NodeId] = {}
        self._by_node: dict[ua.NodeId, list[MappedTag]] = defaultdict(list)
        self._reads = self._items = AT_ONCE
        self._subscription: Subscription | None = None
        self._subscribed_s = 0.0
        self._overflowed = False
        self._parents: dict[TagName, ua.NodeId] = {}
        self._gone: list[MappedTag] = []
        self._unknown: set[TagName] = set()
        self._handles: dict[ua.NodeId, int] = {}

    async def open(self, now: datetime) -> None:
        """Connect, ask for the server's limits, and find every node that the map names. Raises PlcError."""
        dialled = await dial(self._device, self._keys, now)
        self._client, self.ends_at = dialled.client, dialled.ends_at
        namespaces = await self._ask_limits()
        for tag in self._tags:
            node = settled(node_id(tag), namespaces)
            if node is not None:
                self._nodes[tag.name] = node
                self._by_node[node].append(tag)
        await self._find_objects()

    async def close(self) -> None:
        """End the session if it still can be ended; always let go of the socket."""
        if self._client is None:
            return
        try:
            async with within(1.0):
                await self._client.disconnect()
        except Exception as error:  # noqa: BLE001 - as in `_ask`
            log.debug("opc ua session not closed", plc=self._device.name, why=repr(error))
        finally:
            self._client.disconnect_socket()

    def knows(self, tag: MappedTag) -> bool:
        """Say whether the server knows at least the namespace of a tag's node."""
        return tag.name in self._nodes

    async def read(self, tags: Sequence[MappedTag]) -> list[TagUpdate]:
        """Read known tags in as few requests as the server allows, with status and time. Raises PlcError."""
        updates: list[TagUpdate] = []
        for part in _parts(tags, self._reads):
            answers = await self._values([self._nodes[tag.name] for tag in part])
            for tag, answer in zip(part, answers, strict=True):
                (self._unknown.add if is_unknown_node(answer) else self._unknown.discard)(tag.name)
                updates.append(update_of(tag, answer))
        return updates

    def lacking(self, tags: Sequence[MappedTag]) -> list[MappedTag]:
        """Give those that the server did not have when they were read last."""
        return [tag for tag in tags if not self.knows(tag) or tag.name in self._unknown]

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
            self._connected.uaclient.session,
            parameters,
            queue_maxsize=QUEUE + len(tags),
            overflow=OverflowPolicy.DISCONNECT,
        )
        self._subscription.set_overflow_disconnect_handler(self._note_overflow)
        self._subscribed_s = asyncio.get_running_loop().time()
        revised = await self._ask(self._subscription.init(), "subscribe at")
        return revised.RevisedPublishingInterval / 1000, await self.monitor(tags)

    async def monitor(self, tags: Sequence[MappedTag]) -> list[MappedTag]:
        """Let the subscription follow these tags; give those that the server does not have. Raises PlcError."""
        missing = [tag for tag in tags if not self.knows(tag)]
        periods: dict[ua.NodeId, float] = {}
        for tag in tags:
            if self.knows(tag):
                node = self._nodes[tag.name]
                periods[node] = min(periods.get(node, tag.scan.period_s), tag.scan.period_s)
        for period_s in sorted(set(periods.values())):
            for part in _parts([node for node in periods if periods[node] == period_s], self._items):
                missing += await self._monitor(part, period_s)
        return missing

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

    def taken_away(self) -> list[MappedTag]:
        """Give the tags whose nodes the server has dropped since this was asked last."""
        gone, self._gone = self._gone, []
        return gone

    def heard_s(self) -> float:
        """How long ago the server last answered a publish request."""
        if self._subscription is None:
            return 0.0
        return asyncio.get_running_loop().time() - (self._subscription.last_publish_at or self._subscribed_s)

    def check(self) -> None:
        """Raise PlcError unless the session is connected and its subscription is heard."""
        if self._connected.state is not UaClientState.CONNECTED:
            raise PlcError(f"{self._device.where}: the session is {self._connected.state.value}")
        if self._overflowed:
            raise PlcError(f"{self._device.where}: more than {QUEUE} notifications are waiting")
        if self.heard_s() > SILENT_S:
            raise PlcError(f"{self._device.where}: nothing heard for {SILENT_S:g} s")

    async def write(self, tag: MappedTag, value: Value) -> None:
        """Write one variable, once, only while connected. Raises PlcError."""
        try:
            variant = variant_of(tag, value)
        except TypeError as error:
            raise PlcError(f"write {tag.name} to {self._device.where}: {error}") from error
        await self._write(tag, variant)

    async def write_block(self, tag: MappedTag, block: CommandBlock) -> None:
        """Write a command as one array, once, only while connected. Raises PlcError."""
        await self._write(tag, block_of(block))

    async def call(self, tag: MappedTag, block: CommandBlock) -> Answer | None:
        """Call the command method, once, only while connected. Raises PlcError."""
        self.check()
        what = f"call {tag.name} of"
        if tag.name not in self._parents:
            raise PlcError(f"{what} {self._device.where}: the server does not have it")
        parent = self._connected.get_node(self._parents[tag.name])
        answer = await self._ask(parent.call_method(self._nodes[tag.name], *arguments_of(block)), what)
        return self._answer(answer, what)

    def _answer(self, answer: Any, what: str) -> Answer | None:  # noqa: ANN401 - asyncua's own
        if not isinstance(answer, list) or len(answer) != 2 or not all(isinstance(part, int) for part in answer):
            raise PlcError(f"{what} {self._device.where}: {answer!r}")
        seq, result = answer
        return Answer(seq, AckResult(result)) if result in list(AckResult) else None

    async def _write(self, tag: MappedTag, variant: ua.Variant) -> None:
        self.check()
        what = f"write {tag.name} to"
        if not self.knows(tag):
            raise PlcError(f"{what} {self._device.where}: the server does not have it")
        node, data = self._nodes[tag.name], ua.DataValue(variant)
        answers = await self._ask(self._connected.uaclient.write_attributes([node], [data]), what)
        if len(answers) != 1 or not answers[0].is_good():
            raise ServerRefusal(f"{what} {self._device.where}: {', '.join(answer.name for answer in answers)}")

    async def _ask_limits(self) -> list[str]:
        """Learn how much one request may hold, and what the server's namespaces are called."""
        names, *limits = await self._values([_NAMESPACES, _MAX_READ, _MAX_ITEMS])
        self._reads, self._items = (_limit(one) for one in limits)
        told = names.Value.Value if names.Value is not None else None
        return told if isinstance(told, list) else []

    async def _find_objects(self) -> None:
        """Find the objects that the methods belong to."""
        for tag in self._tags:
            if tag.kind is Kind.METHOD and self.knows(tag):
                method = self._connected.get_node(self._nodes[tag.name])
                parent = await self._ask(method.get_parent(), f"find the object of {tag.name} on")
                if parent is not None:
                    self._parents[tag.name] = parent.nodeid

    async def _values(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        what = f"read {len(nodes)} nodes of"
        answers = await self._ask(self._connected.uaclient.read_attributes(list(nodes), AttributeIds.Value), what)
        if len(answers) != len(nodes):
            raise PlcError(f"{what} {self._device.where}: {len(answers)} came")
        return answers

    async def _monitor(self, nodes: Sequence[ua.NodeId], period_s: float) -> list[MappedTag]:
        """Follow these nodes; a handle that is a StatusCode is a node that the server does not have."""
        if self._subscription is None:
            raise PlcError(f"{self._device.where}: not subscribed")
        await self._let_go(nodes, self._subscription)
        handles = await self._ask(
            self._subscription.subscribe_data_change(
                [self._connected.get_node(node) for node in nodes],
                queuesize=1,
                sampling_interval=ua.Double(period_s * 1000),
            ),
            "monitor at",
        )
        if len(handles) != len(nodes):
            raise PlcError(f"monitor {len(nodes)} nodes at {self._device.where}: {len(handles)} handles came")
        followed = {node: handle for node, handle in zip(nodes, handles, strict=True) if isinstance(handle, int)}
        self._handles.update(followed)
        lacking = [node for node in nodes if node not in followed]
        return [tag for node in lacking for tag in self._by_node[node] if tag.is_read]

    async def _let_go(self, nodes: Sequence[ua.NodeId], subscription: Subscription) -> None:
        """Drop the items of nodes that the server has taken away, before they are asked for anew."""
        old = [self._handles.pop(node) for node in nodes if node in self._handles]
        if old:
            try:
                await self._ask(subscription.unsubscribe(old), "let go at")
            except PlcError as error:
                log.debug("opc ua items not let go", plc=self._device.name, why=str(error))

    def _rest_of(self, first: SubEvent, subscription: Subscription) -> list[TagUpdate]:
        """Take what came with the first event: asyncua puts a whole publish response into the queue at once."""
        events: list[SubEvent | None] = [first]
        queue = subscription._event_queue
        while queue is not None and not queue.empty():
            events.append(queue.get_nowait())
        return [update for event in events for update in self._updates(event)]

    def _updates(self, event: SubEvent | None) -> Iterator[TagUpdate]:
        if not isinstance(event, DataChangeEvent):
            why = event.notification.Status.name if isinstance(event, StatusChangeEvent) else "ended"
            raise PlcError(f"{self._device.where}: the subscription says {why}")
        value, tags = event.data.monitored_item.Value, self._by_node[event.node.nodeid]
        if is_unknown_node(value):
            self._gone += tags
        yield from (update_of(tag, value) for tag in tags if tag.is_read)

    def _note_overflow(self) -> None:
        self._overflowed = True

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise PlcError(f"{self._device.where}: not connected")
        return self._client

    async def _ask(self, request: Awaitable[T], what: str) -> T:
        began_s = asyncio.get_running_loop().time()
        try:
            async with within(self._device.timeout_s):
                answer = await request
        except Exception as error:  # what a senseless answer makes of asyncua has no family
            raise PlcError(f"{what} {self._device.where}: {error!r}") from error
        self.round_trip_ms = (asyncio.get_running_loop().time() - began_s) * 1000
        return answer


def _limit(answer: ua.DataValue) -> int:
    """Read one of the server's limits: 0 and none at all are no limit, but never more than we send at once."""
    told = answer.Value.Value if answer.Value is not None else None
    return min(told, AT_ONCE) if isinstance(told, int) and told > 0 else AT_ONCE


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[at : at + size] for at in range(0, len(items), size))
