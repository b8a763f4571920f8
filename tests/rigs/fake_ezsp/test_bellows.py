"""bellows, which nobody here wrote, drives the fake module: it forms a network, receives fragments, sends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from dongles import HUB, INSTALL_CODE, METER, PAN, dongles

from emulator.han.port import Undelivered, Up
from emulator.han.zigbee import CLUSTER_TUNNELING
from rigs.ezsp.frames import VERSIONS, frame_table
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.ncp import Firmware
from rigs.ports.opening import open_port
from rigs.radio.keys import install_code_key
from rigs.zigbee import endpoints
from rigs.zigbee.dongle import open_dongle
from tools.peers.running import ask, installed

PEER, ENDPOINT = "bellows", 123
pytestmark = pytest.mark.skipif(not installed(PEER), reason=f"{PEER} is not installed: no second opinion on EZSP")
LONG, ANSWER = bytes(number % 256 for number in range(677)), b"an answer that bellows sends"


class Device:
    """Our own device on another fake module, which joins whatever bellows has formed."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.trouble: list[str] = []

    async def join(self, url: str) -> None:
        """Try until the network is there."""
        while True:
            dongle = await open_dongle(
                await open_port(url),
                endpoints.numbered(endpoints.METER, ENDPOINT),
                HanSettings(pan_id=PAN, cbke=False, resume=False),
            )
            ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            dongle.station.watch(lambda event, ended=ended: ended.done() or ended.set_result(event))  # type: ignore[misc]
            dongle.han.join(b"", INSTALL_CODE)
            if isinstance(await ended, Up):
                break
            await dongle.close()
        dongle.han.on_aps(lambda _source, _cluster, payload, _now: self.heard.put_nowait(payload))
        dongle.han.on_event(lambda one: self.trouble.append(one.cause) if isinstance(one, Undelivered) else None)
        dongle.han.send_aps(HUB, CLUSTER_TUNNELING, LONG, 0.0)
        self.dongle = dongle


@pytest.mark.parametrize(("wire", "version"), [("pty", 13), pytest.param("tcp", 8, marks=pytest.mark.long)])
def test_bellows_forms_a_network_receives_fragments_and_sends(tmp_path: Path, wire: str, version: int) -> None:
    async def case() -> dict[str, Any]:
        async with dongles(tmp_path) as bench:
            _, hub_url = await bench.plug_in(HUB, wire, firmware=Firmware(ezsp_version=version))
            _, url = await bench.plug_in(METER)
            order = {
                "mode": "coordinate",
                "url": hub_url,
                "pan": PAN,
                "channel": 15,
                "device": METER.hex(),
                "key": install_code_key(INSTALL_CODE).hex(),
                "answer": ANSWER.hex(),
                "endpoint": ENDPOINT,
            }
            device = Device()
            async with asyncio.TaskGroup() as both:
                asked = both.create_task(asyncio.to_thread(ask, PEER, order))
                both.create_task(device.join(url))
            found = asked.result()
            assert await device.heard.get() == ANSWER and device.trouble == []
            await device.dongle.close()
            return found

    found = asyncio.run(case())
    assert (found["version"], found["eui"], found["joined"]) == (version, HUB.hex(), METER.hex())
    assert bytes.fromhex(found["received"]) == LONG
    assert found["status"] == 0


def test_our_table_has_the_numbers_that_bellows_has() -> None:
    theirs = ask(PEER, {"mode": "table"})
    for version in (VERSIONS.start, VERSIONS.stop - 1):
        known = theirs[str(version)]
        ours = {name: kind.id for name, kind in frame_table(version).by_name.items()}
        assert {name: number for name, number in ours.items() if known.get(name, number) != number} == {}
        assert len(set(ours) - set(known)) <= 1, set(ours) - set(known)
