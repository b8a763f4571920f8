"""Drives a radio module with bellows (GPL-3.0): a network, a device that joins, messages; a process of its own.

Run it apart from meterfarm, ``python -I ezsp_bellows.py``: an order as JSON on standard input, the outcome as JSON on
standard output. Nothing of meterfarm is imported here, and nothing imports this file.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import bellows.types as t
import zigpy.config
from bellows.ezsp import EZSP
from bellows.ezsp.v8.commands import COMMANDS as V8
from bellows.ezsp.v13.commands import COMMANDS as V13

_TUNNELING, _SMART_ENERGY = 0x0704, 0x0109
_WITHIN_S = 60.0
_ENCRYPTED = 0x0060


def _table() -> dict[str, Any]:
    """Numbers of all frames that bellows knows, by version and name."""
    return {"8": {name: row[0] for name, row in V8.items()}, "13": {name: row[0] for name, row in V13.items()}}


class _Coordinator:
    """A network of bellows', and one device on it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        device = {zigpy.config.CONF_DEVICE_PATH: order["url"]}
        self.ezsp = EZSP(zigpy.config.SCHEMA_DEVICE(device))
        self.heard: asyncio.Queue[tuple[str, list[Any]]] = asyncio.Queue()

    async def run(self) -> dict[str, Any]:
        await self.ezsp.connect(use_thread=False)
        self.ezsp.add_callback(lambda name, values: self.heard.put_nowait((name, values)))
        await self._form()
        joined = await self._wait("trustCenterJoinHandler")
        sender, received = await self._received()
        status = await self._send(sender, bytes.fromhex(self.order["answer"]))
        (eui,) = await self.ezsp.getEui64()
        found = {
            "version": int(self.ezsp.ezsp_version),
            "eui": bytes(reversed(eui.serialize())).hex(),
            "joined": bytes(reversed(joined[1].serialize())).hex(),
            "received": received.hex(),
            "status": int(status),
        }
        await self.ezsp.disconnect()
        return found

    async def _form(self) -> None:
        await self.ezsp.addEndpoint(1, _SMART_ENERGY, 0x0500, 0, 1, 1, [_TUNNELING], [_TUNNELING])
        bits = t.EmberInitialSecurityBitmask
        state = t.EmberInitialSecurityState(
            bitmask=bits.HAVE_PRECONFIGURED_KEY | bits.HAVE_NETWORK_KEY | bits.REQUIRE_ENCRYPTED_KEY,
            preconfiguredKey=t.KeyData(b"of the hub alone"),
            networkKey=t.KeyData(b"of this network "),
            networkKeySequenceNumber=0,
            preconfiguredTrustCenterEui64=t.EUI64.convert("00:00:00:00:00:00:00:00"),
        )
        await self.ezsp.setInitialSecurityState(state)
        parameters = t.EmberNetworkParameters(
            extendedPanId=t.ExtendedPanId(b"bellows!"),
            panId=t.EmberPanId(self.order["pan"]),
            radioTxPower=t.uint8_t(8),
            radioChannel=t.uint8_t(self.order["channel"]),
            joinMethod=t.EmberJoinMethod.USE_MAC_ASSOCIATION,
            nwkManagerId=t.EmberNodeId(0),
            nwkUpdateId=t.uint8_t(0),
            channels=t.Channels.ALL_CHANNELS,
        )
        await self.ezsp.formNetwork(parameters=parameters)
        device, _ = t.EUI64.deserialize(bytes.fromhex(self.order["device"])[::-1])
        key = t.KeyData(bytes.fromhex(self.order["key"]))
        await self.ezsp._protocol.add_transient_link_key(device, key)
        await self.ezsp.permitJoining(254)

    async def _received(self) -> tuple[int, bytes]:
        """The first message on the tunneling cluster, put together of its fragments by bellows."""
        while True:
            values = await self._wait("incomingMessageHandler")
            if values[1].clusterId == _TUNNELING:
                return values[4], bytes(values[7])

    async def _send(self, destination: int, message: bytes) -> int:
        frame = t.EmberApsFrame(
            profileId=_SMART_ENERGY,
            clusterId=_TUNNELING,
            sourceEndpoint=1,
            destinationEndpoint=self.order["endpoint"],
            options=t.EmberApsOption(_ENCRYPTED),
            groupId=0,
            sequence=0,
        )
        await self.ezsp._protocol.send_unicast(t.NWK(destination), frame, t.uint8_t(7), message)
        return int((await self._wait("messageSentHandler"))[4])

    async def _wait(self, wanted: str) -> list[Any]:
        while True:
            name, values = await self.heard.get()
            if name == wanted:
                return values


def main() -> None:
    """Carry out the order on the first line of standard input."""
    order = json.loads(sys.stdin.readline())
    if order["mode"] == "table":
        found = _table()
    else:
        found = asyncio.run(asyncio.wait_for(_Coordinator(order).run(), _WITHIN_S))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
