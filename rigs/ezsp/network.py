"""A module's network: formed, joined, resumed after a restart, and its keys read."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from emulator.han.port import Endpoint, HanKeys
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.errors import RigError, RigTimeout
from rigs.ezsp.client import EzspClient
from rigs.ezsp.status import (
    KEY_NETWORK,
    OLD_KEY_NETWORK,
    Decision,
    NodeType,
    Policy,
    Security,
    Status,
    name_of,
)
from rigs.radio.keys import install_code_key

UP_S = 20.0
"""How long a network may take to be up: a join goes through a scan, an association and a key."""
ANY_PAN = 0xFFFF
_NO_INDEX = 0xFF
_POWER_DBM = 8
_KEY_BYTES = 16
_HINTS = {
    Status.NO_BEACONS: "no HAN there lets devices join: is the hub on, on this channel, and letting devices join?",
    Status.JOIN_FAILED: "the HAN does not let it in",
    Status.NO_NETWORK_KEY_RECEIVED: "the hub gave no key: is the install code in its device log, and the right one?",
    Status.NO_LINK_KEY_RECEIVED: "the hub gave no link key",
    Status.SECURITY_STATE_NOT_SET: "the module has no keys to begin with",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A HAN that a module is on."""

    pan: int
    channel: int
    short: int
    trust_centre: Eui64
    node_type: int


async def add_endpoint(client: EzspClient, endpoint: Endpoint) -> None:
    """Let the module answer for an endpoint; only before it is on a network."""
    await client.do(
        "addEndpoint", endpoint=endpoint.number, profile=endpoint.profile, device=endpoint.device, version=0,
        clusters=(endpoint.server_clusters, endpoint.client_clusters),
    )  # fmt: skip


async def resume(client: EzspClient) -> Place | None:
    """The network that the module was on before, up again; None where it was on none."""
    up = client.expect("stackStatusHandler")
    try:
        found = await client.ask("networkInit", options=0)
        if found["status"]:
            return None
        async with asyncio.timeout(UP_S):
            status = (await up)["status"]
    except TimeoutError:
        return None
    finally:
        up.cancel()
    return await place(client) if status == Status.NETWORK_UP else None


async def leave(client: EzspClient) -> None:
    """Leave the network."""
    down = client.expect("stackStatusHandler", lambda one: one["status"] == Status.NETWORK_DOWN)
    try:
        await client.do("leaveNetwork")
        async with asyncio.timeout(UP_S):
            await down
    except TimeoutError:
        raise RigTimeout(f"{client.port.url}: the module does not leave its network") from None
    finally:
        down.cancel()


async def form(client: EzspClient, channel: int, pan: int | None) -> Place:
    """Start a network with fresh random keys. Raises RigError where it does not come up."""
    bits = Security.HAVE_PRECONFIGURED_KEY | Security.HAVE_NETWORK_KEY | Security.REQUIRE_ENCRYPTED_KEY
    await _secure(client, bits, secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_KEY_BYTES))
    await client.do("setPolicy", policy=Policy.TRUST_CENTRE, decision=Decision.ALLOW_JOINS)
    return await _up(client, "formNetwork", parameters=_parameters(channel, pan))


async def join(client: EzspClient, channel: int, pan: int | None, install_code: bytes) -> Place:
    """Join a network that lets devices join. Raises RigError, saying what to look at; LocalError for a wrong code."""
    bits = Security.HAVE_PRECONFIGURED_KEY | Security.REQUIRE_ENCRYPTED_KEY
    await _secure(client, bits, install_code_key(install_code), bytes(_KEY_BYTES))
    parameters = _parameters(channel, pan)
    return await _up(client, "joinNetwork", node_type=NodeType.ROUTER, parameters=parameters)


async def admit(client: EzspClient, device: Eui64, install_code: bytes) -> None:
    """Give the trust centre the key of a device's install code. Raises LocalError for a wrong code."""
    key = install_code_key(install_code)
    if client.has("importTransientKey"):
        await client.do("importTransientKey", eui=device, key=key, flags=0)
    else:
        await client.do("addTransientLinkKey", eui=device, key=key)


async def import_link_key(client: EzspClient, partner: Eui64, key: bytes, index: int = 0) -> None:
    """Share a key with a partner that was established elsewhere."""
    if client.has("importLinkKey"):
        await client.do("importLinkKey", index=index, eui=partner, key=key)
    else:
        await client.do("addOrUpdateKeyTableEntry", eui=partner, is_link_key=1, key=key)


async def knows(client: EzspClient, device: Eui64) -> bool:
    """Whether the module shares a link key with a device: it has joined before."""
    return bool((await client.ask("findKeyTableEntry", eui=device, is_link_key=1))["index"] != _NO_INDEX)


async def place(client: EzspClient) -> Place:
    """Where the module is. Raises RigError where it is on no network."""
    found = await client.do("getNetworkParameters")
    parameters = found["parameters"]
    short = (await client.ask("getNodeId"))["short"]
    trust_centre = (await client.do("getCurrentSecurityState"))["trust_centre"]
    return Place(parameters["pan"], parameters["channel"], short, trust_centre, found["node_type"])


async def network_key(client: EzspClient) -> bytes:
    """The network's key as the module gives it out. Raises RigError where it keeps it to itself."""
    if client.has("exportKey"):
        found = await client.do(
            "exportKey", kind=KEY_NETWORK, index=0, derived=0, eui=bytes(8), network=0, flags=0, algorithm=0
        )
    else:
        found = await client.do("getKey", kind=OLD_KEY_NETWORK)
    return bytes(found["key"])


async def keys_with(client: EzspClient, partner: Eui64) -> HanKeys:
    """The keys as the module gives them out. Raises RigError where it keeps one to itself."""
    network = await network_key(client)
    if client.has("exportLinkKeyByEui"):
        link = await client.do("exportLinkKeyByEui", eui=partner)
        return HanKeys(network, link["key"])
    index = (await client.ask("findKeyTableEntry", eui=partner, is_link_key=1))["index"]
    link = await client.do("getKeyTableEntry", index=index)
    return HanKeys(network, link["key"])


def _parameters(channel: int, pan: int | None) -> dict[str, Any]:
    return {
        "extended_pan": bytes(8), "pan": ANY_PAN if pan is None else pan, "power": _POWER_DBM, "channel": channel,
        "join_method": 0, "manager": 0, "update": 0, "channels": 1 << channel,
    }  # fmt: skip


async def _secure(client: EzspClient, bits: Security, link_key: bytes, network_key: bytes) -> None:
    await client.do(
        "setInitialSecurityState", bitmask=int(bits), link_key=link_key, network_key=network_key, sequence=0,
        trust_centre=bytes(8),
    )  # fmt: skip


async def _up(client: EzspClient, command: str, **values: Any) -> Place:
    ended = client.expect("stackStatusHandler")
    try:
        await client.do(command, **values)
        async with asyncio.timeout(UP_S):
            status = (await ended)["status"]
    except TimeoutError:
        raise RigTimeout(f"{client.port.url}: {command} comes to no end") from None
    finally:
        ended.cancel()
    if status != Status.NETWORK_UP:
        hint = _HINTS.get(status, "") if status in set(Status) else ""
        raise RigError(f"{command} ended in {name_of(status)}", hint=hint)
    return await place(client)


def check_partner(found: Place, coordinator: Eui64) -> None:
    """Raises LocalError where a device joined another hub's HAN than it was to."""
    if coordinator and found.trust_centre != coordinator:
        raise LocalError(
            f"joined the HAN of {eui64.show(found.trust_centre)}, not that of {eui64.show(coordinator)}: say which with"
            " channel and PAN id"
        )
