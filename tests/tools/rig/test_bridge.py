"""Emulated devices on dongles, each in a process of its own: a HAN forms without a radio, and the meter is read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dongles import HUB, INSTALL_CODE, dongles
from fake_rigs import make_keys
from gfi_line import BROKER, KEYS, METER, command
from gfi_line import DAY as DAY_AT
from processes import running
from rig_files import write_rig
from shell import meterfarm
from tshark import seen, tshark

import gbcs
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from gbcs import eui64
from gbcs.catalogue import by_use_case
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.blocks import BlockLink
from rigs.ezsp.client import open_module
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.serving import AirCapture
from rigs.gfi import GfiLink
from rigs.ports.opening import open_port
from rigs.radio.pcap import keys_file
from rigs.zigbee.dongle import hub_on
from rigs.zigbee.links import ClientLink

DAY = "2026-11-23"
WRONG = "_ws.malformed || _ws.expert || (wpan.frame_type == 1 && !zbee_aps)"


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    path = tmp_path / "codes"
    path.touch(0o600)
    path.write_text(f"{eui64.show(METER)} {INSTALL_CODE.hex()}\n")
    return path


async def read(address: str, days: int) -> tuple[int, int]:
    """Half-hours and bytes of an answer that came over a GFI line through the hub."""
    link = BlockLink(GfiLink(await open_port(address.replace("tcp://", "socket://")), DCC_ACB))
    sent = command(days)
    await link.send(sent.command)
    answer = await link.receive()
    await link.close()
    assert gbcs.verify(gbcs.decode(answer), KEYS).ok
    return len(BROKER.open(answer, sent).rows), len(answer)


def test_two_processes_form_a_han_and_the_meter_is_read_and_wireshark_reads_along(tmp_path: Path, codes: Path) -> None:
    air, frames = AirCapture(tmp_path / "air.pcap"), tmp_path / "hub.pcap"

    async def case() -> None:
        async with asyncio.timeout(120), dongles(tmp_path, within_s=120) as bench:
            _, hub_port = await bench.plug_in(HUB, capture=air)
            _, meter_port = await bench.plug_in(METER)
            await asyncio.to_thread(both, hub_port, meter_port, asyncio.get_running_loop())

    def both(hub_port: str, meter_port: str, loop: asyncio.AbstractEventLoop) -> None:
        options = ("--install-codes", str(codes), "--pan", "1A62")
        with (
            running("rig", "bridge", "--port", hub_port, "--as", "hub", *options, "--pcap", str(frames)) as hub,
            running(
                "rig", "bridge", "--port", meter_port, "--as", "esme", *options, "--day", DAY, "--endpoint", "123"
            ) as meter,
        ):
            assert hub.wait_for("formed the HAN of (.*)") == eui64.show(HUB)
            address = hub.wait_for("listening on (.*)")
            assert meter.wait_for("joined (.*)") == eui64.show(HUB)
            assert hub.wait_for("joined by (.*)") == eui64.show(METER)
            assert asyncio.run_coroutine_threadsafe(read(address, 1), loop).result(60) == (48, 544)
            # Five days are more than a tunnel takes at once: the meter answers in blocks.
            rows, size = asyncio.run_coroutine_threadsafe(read(address, 5), loop).result(60)
            assert rows == 5 * 48 and size > 1500
            assert (hub.interrupt(), meter.interrupt()) == (0, 0)

    asyncio.run(case())
    air.close()
    for capture in (tmp_path / "air.pcap", frames):
        assert tshark(capture, "-Y", WRONG, keys=keys_file(capture)) == []
        names = [row["info"] for row in seen(capture, keys_file(capture), "gbcs_message").values()]
        assert any("Command, ECS22b" in name for name in names), names
        assert any("Response, ECS22b" in name for name in names), names
        steps = "\n".join(tshark(capture, keys=keys_file(capture)))
        assert "Request Tunnel" in steps and "Match Descriptor Request" in steps
        assert keys_file(capture).stat().st_mode & 0o777 == 0o600
    found = meterfarm("decode", "--pcap", str(frames), "--json").json()
    assert found["frames_not_decrypted"] == 0 and found["incomplete"] == 0
    assert {"ECS22b"} <= {one["use_case"] for one in found["messages"] if "use_case" in one}


def test_two_fake_dongles_in_processes_share_an_air(tmp_path: Path) -> None:
    async def drive(first: str, second: str) -> None:
        async with asyncio.timeout(30):
            found = []
            for url in (first, second):
                client = await open_module(await open_port(url.replace("tcp://", "socket://")))
                found.append((await client.ask("getEui64"))["eui"])
                await client.close()
            assert found == [HUB, METER]

    listen = ("--listen", "tcp://127.0.0.1:0", "--serve-air", "tcp://127.0.0.1:0", "--eui", HUB.hex())
    with running("rig", "fake-ezsp", *listen) as first:
        air = first.wait_for("air on (.*)")
        with running("rig", "fake-ezsp", "--pty", str(tmp_path / "b"), "--air", air, "--eui", METER.hex()) as second:
            asyncio.run(drive(first.wait_for("listening on (.*)"), second.wait_for("listening on (.*)")))
            assert first.interrupt() == 0
            assert "the air at" in second.wait_for("error: (.*)")
            assert second.popen.wait(20) == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("rig", "fake-ezsp"), "either --listen tcp://HOST:PORT or --pty LINK"),
        (("rig", "fake-ezsp", "--pty", "x", "--air", "tcp://1:1", "--serve-air", "tcp://1:1"), "either served"),
        (("rig", "fake-ezsp", "--listen", "tcp://127.0.0.1:0", "--ezsp", "14"), "allowed: 8 to 13"),
        (("rig", "fake-ezsp", "--listen", "tcp://127.0.0.1:0", "--lose", "2"), "share of frames"),
        (("rig", "bridge"), "either the name of a rig or --port"),
        (("rig", "bridge", "--port", "pty:", "--as", "gsme"), "allowed: esme, hub"),
        (("rig", "bridge", "--port", "pty:", "--as", "esme", "--pan", "xyz"), "no PAN id"),
        (("rig", "bridge", "--port", "pty:", "--as", "hub"), "name a file with --install-codes"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_one_line(arguments: tuple[str, ...], why: str) -> None:
    ended = meterfarm(*arguments)
    assert ended.code == 2 and why in ended.error()


def test_on_the_rig_of_a_hub_we_are_its_meter(tmp_path: Path, codes: Path) -> None:
    keys = make_keys(tmp_path)
    store = KeyStore.read(keys)
    broker = AccessControlBroker(DCC_ACB, store, OriginatorCounters())
    supplier = next(eui for eui, role in sorted(store.parties().items()) if role is RemotePartyRole.SUPPLIER)

    async def case() -> None:
        async with dongles(tmp_path, within_s=120) as bench:
            _, hub_port = await bench.plug_in(HUB)
            _, meter_port = await bench.plug_in(METER)
            hub = await hub_on(await open_port(hub_port), {METER: INSTALL_CODE}, HanSettings(pan_id=0x1A62))
            bench.stack.push_async_callback(hub.close)
            device = {"kind": "chf", "eui64": eui64.show(HUB), "keys": str(keys), "head_end": "external"}
            link = {"kind": "ezsp", "port": meter_port, "pan_id": 0x1A62, "install_codes": str(codes)}
            write_rig(tmp_path / "bench", "hub-1", meter_port, device=device, link=link)
            await asyncio.to_thread(joined, asyncio.get_running_loop(), hub.links[0])

    def joined(loop: asyncio.AbstractEventLoop, link: ClientLink) -> None:
        with running("rig", "bridge", "hub-1", "--rigs", str(tmp_path / "bench"), "--day", DAY) as meter:
            assert meter.wait_for("joined (.*)") == eui64.show(HUB)
            assert asyncio.run_coroutine_threadsafe(half_hours(link), loop).result(60) == 48
            assert meter.interrupt() == 0

    async def half_hours(link: ClientLink) -> int:
        await link.ready(30)
        sent = broker.command(
            by_use_case("ECS22b"),
            "IS",
            supplier,
            METER,
            DAY_AT + DAY_S + 6 * 3600.0,
            DAY_AT + HALF_HOUR_S,
            DAY_AT + DAY_S,
        )
        await link.send(sent.command)
        return len(broker.open(await link.receive(), sent).rows)

    asyncio.run(case())
