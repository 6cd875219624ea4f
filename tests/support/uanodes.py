"""OPC UA's own six thousand nodes, made once a test process instead of once a server: making them takes two seconds."""

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from copy import copy
from functools import cache
from unittest import mock

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData, NodeManagementService
from asyncua.server.internal_server import InternalServer
from asyncua.server.standard_address_space.standard_address_space import fill_address_space

Nodes = dict[ua.NodeId, NodeData]


class OwnNodes(MutableMapping[ua.NodeId, NodeData]):
    """The nodes of one server: what it has touched is its own copy, the rest is as it was made."""

    def __init__(self, made: Nodes) -> None:
        self._untouched = dict(made)
        self._own: Nodes = {}

    def __getitem__(self, key: ua.NodeId) -> NodeData:
        own = self._own.get(key)
        if own is None:
            own = self._own[key] = _copied(self._untouched.pop(key))
        return own

    def __setitem__(self, key: ua.NodeId, node: NodeData) -> None:
        self._untouched.pop(key, None)
        self._own[key] = node

    def __delitem__(self, key: ua.NodeId) -> None:
        if self._untouched.pop(key, None) is None:
            del self._own[key]

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._untouched

    def __iter__(self) -> Iterator[ua.NodeId]:
        return iter([*self._untouched, *self._own])

    def __len__(self) -> int:
        return len(self._untouched) + len(self._own)


def _copied(node: NodeData) -> NodeData:
    own = NodeData(node.nodeid)
    own.attributes = {which: copy(attribute) for which, attribute in node.attributes.items()}
    for attribute in own.attributes.values():
        attribute.datachange_callbacks = {}
    own.references, own.call = list(node.references), node.call
    return own


@cache
def _made() -> Nodes:
    space = AddressSpace()
    fill_address_space(NodeManagementService(space))  # type: ignore[no-untyped-call]
    return space._nodes


async def _take(server: InternalServer, shelf_file: object = None) -> None:
    made = await asyncio.to_thread(_made)
    server.aspace._nodes = OwnNodes(made)  # type: ignore[assignment]


@contextmanager
def made_once() -> Iterator[None]:
    """Let every server in this process take its nodes from those that were made first."""
    with mock.patch.object(InternalServer, "load_standard_address_space", _take):
        yield
