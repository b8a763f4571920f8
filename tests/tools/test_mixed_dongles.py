"""A meter on the HAN of a dongle, among emulated ones and beside its twin: two modules, one air, no radio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dongles
import pytest
from bench import METER, NAME, keys_of, meter
from dongles import HUB, INSTALL_CODE, PAN
from shell import meterfarm
from slots import RIG, SECONDS

from emulator.clock import utc_now
from gbcs import eui64
from rigs.blocks import BlockLink
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.serving import FakeModule
from rigs.hosting import host
from rigs.ports.opening import open_port
from rigs.zigbee import endpoints
from rigs.zigbee.dongle import open_dongle
from rigs.zigbee.links import ServerLink

pytestmark = pytest.mark.long

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
WITHIN_S = 240.0


async def joined(hub: FakeModule, meter_url: str, folder: Path) -> None:
    """A meter that joins as soon as the hub has a network, and answers from then on."""
    wanted = HanSettings(pan_id=PAN)
    about = endpoints.numbered(endpoints.METER, 1)
    device = await open_dongle(await open_port(meter_url), about, wanted)
    try:
        server = BlockLink(ServerLink(device.station, HUB, None))
        while not hub.ncp.initial_network_key:  # noqa: ASYNC110 - the module tells nobody here
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)  # it forms its network a moment later
        device.han.join(HUB, INSTALL_CODE)
        await device.station.up(60)
        await host(meter(keys_of(folder)), server, utc_now)
    finally:
        await device.close()


@contextmanager
def dongle_bench(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a rig whose dongle is a fake one, and a meter with another."""
    monkeypatch.setattr(dongles, "WITHIN_S", WITHIN_S)
    ready, urls, end = threading.Event(), list[str](), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def world() -> None:
        end.append(asyncio.Event())
        async with dongles.dongles(folder) as bench:
            hub, hub_url = await bench.plug_in(HUB)
            _, meter_url = await bench.plug_in(METER)
            urls.append(hub_url)
            playing = asyncio.create_task(joined(hub, meter_url, folder))
            ready.set()
            await end[0].wait()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(world(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield write(folder, urls[0])
    finally:
        loop.call_soon_threadsafe(end[0].set)
        thread.join(20)
        loop.close()


def write(folder: Path, port: str) -> Path:
    codes = folder / "codes"
    codes.write_text(f"{eui64.show(METER)} {INSTALL_CODE.hex()}\n")
    codes.chmod(0o600)
    (folder / "bench").mkdir()
    (folder / "bench" / f"{NAME}.toml").write_text(
        f'name = "{NAME}"\n[device]\nkind = "esme"\neui64 = "{eui64.show(METER)}"\nkeys = "{keys_of(folder)}"\n'
        f'emulated = true\n[link]\nkind = "ezsp"\nport = "{port}"\npan_id = {PAN}\ninstall_codes = "{codes}"\n'
    )
    return folder / "bench"


def test_a_meter_on_a_dongle_has_no_other_answers_than_its_twin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dongle_bench(tmp_path, monkeypatch) as rigs:
        ended = meterfarm("rig", "compare", NAME, "--rigs", str(rigs), "--stub", str(tmp_path / "found.toml"), "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert len(ended.json()["probes"]) == 13


def test_a_meter_on_a_dongle_among_emulated_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mixed.toml"
    file.write_text(f'name = "mixed"\n{SECONDS}{RIG}', encoding="utf-8")
    with dongle_bench(tmp_path, monkeypatch) as rigs:
        given = "--date", YESTERDAY, "--into", str(tmp_path), "--rigs", str(rigs), "--no-report", "--json"
        ended = meterfarm("run", str(file), *given)
    assert ended.code == 0, ended.err
    told = ended.json()
    assert told["reads"]["answered"] == told["reads"]["asked"] and told["rigs"][0]["answered"] >= 3
