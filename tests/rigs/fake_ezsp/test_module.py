"""Two fake modules on one air, driven over real ptys and sockets: networks form, devices join, messages arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dongles import HUB, INSTALL_CODE, METER, OTHER, PAN, Dongles, dongles, form, join, secure, unicast
from tshark import tshark

from gbcs.errors import LocalError
from rigs.errors import PortLost, RigError
from rigs.ezsp.ash import AshSettings
from rigs.ezsp.client import EzspClient, open_module
from rigs.ezsp.status import Status
from rigs.fake_ezsp.air import join_air
from rigs.fake_ezsp.faults import FaultPlan, Faults
from rigs.fake_ezsp.ncp import Firmware
from rigs.fake_ezsp.serving import AirCapture
from rigs.ports.opening import open_port
from rigs.radio import zdo
from rigs.radio.keys import install_code_key

QUICK = Firmware(ack_wait_s=0.1)


def run(folder: Path, case: Callable[[Dongles], Awaitable[None]], faults: FaultPlan | None = None) -> None:
    async def lasting() -> None:
        async with dongles(folder, faults) as bench:
            await case(bench)

    asyncio.run(lasting())


async def pair(bench: Dongles, wire: str = "pty", **how: object) -> tuple[EzspClient, EzspClient]:
    """A hub that has formed a network, and a meter that has joined it."""
    hub, meter = [await bench.host((await bench.plug_in(eui, wire, **how))[1]) for eui in (HUB, METER)]  # type: ignore[arg-type]
    await form(hub, METER)
    assert await join(meter) == Status.NETWORK_UP
    return hub, meter


@pytest.mark.parametrize("version", [8, 13])
@pytest.mark.parametrize("wire", ["pty", "tcp"])
def test_a_network_of_two(tmp_path: Path, wire: str, version: int) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = await pair(bench, wire, firmware=Firmware(ezsp_version=version))
        assert (hub.version, hub.stack_version) == (version, 0x7440)
        found = await meter.do("getNetworkParameters")
        assert (found["node_type"], found["parameters"]["pan"]) == (2, PAN)
        assert (await hub.ask("getNodeId"))["short"] == 0 and (await meter.ask("getEui64"))["eui"] == METER
        short = (await meter.ask("getNodeId"))["short"]
        assert (await hub.ask("lookupNodeIdByEui64", eui=METER))["short"] == short
        assert (await hub.do("lookupEui64ByNodeId", short=short))["eui"] == METER
        heard = hub.expect("incomingMessageHandler", lambda one: one["aps"]["cluster"] == 0x0704)
        assert await unicast(meter, 0, b"secured") == Status.SUCCESS
        came = await heard
        assert (came["message"], came["sender"], came["aps"]["options"] & 0x20) == (b"secured", short, 0x20)

    run(tmp_path, case)


def test_who_may_not_join_is_told_so(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = [await bench.host((await bench.plug_in(eui))[1]) for eui in (HUB, METER)]
        assert await join(meter) == Status.NO_BEACONS
        await form(hub, OTHER)
        asked = hub.expect("trustCenterJoinHandler")
        assert await join(meter) == Status.NO_NETWORK_KEY_RECEIVED
        assert ((await asked)["eui"], (await asked)["decision"]) == (METER, 2)
        await hub.do("permitJoining", duration=0)
        assert await join(meter) == Status.NO_BEACONS
        assert (await meter.ask("networkState"))["state"] == 0

    run(tmp_path, case)


def test_the_install_code_of_another_device_opens_nothing(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = [await bench.host((await bench.plug_in(eui))[1]) for eui in (HUB, METER)]
        await form(hub, METER)
        await secure(meter, b"of another label")
        ended = meter.expect("stackStatusHandler")
        parameters = (await hub.do("getNetworkParameters"))["parameters"]
        await meter.do("joinNetwork", node_type=2, parameters=parameters)
        assert (await ended)["status"] == Status.NO_NETWORK_KEY_RECEIVED

    run(tmp_path, case)


def test_a_message_that_nobody_acknowledges_is_reported_lost(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = await pair(bench, firmware=QUICK)
        short = (await meter.ask("getNodeId"))["short"]
        await meter.do("leaveNetwork")
        assert await unicast(hub, short, b"is anybody there") == Status.DELIVERY_FAILED
        counters = (await hub.ask("readCounters"))["counters"]
        assert counters[10] == 3 and counters[11] == 1

    run(tmp_path, case)


def test_a_lossy_air_costs_tries_and_no_message_comes_twice(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = await pair(bench, firmware=QUICK)
        await hub.ask("nop")
        bench.air.faults = Faults(FaultPlan(lose=0.5, clear_after=2, seed=3))
        heard: list[bytes] = []
        hub.on_handler(lambda _, values: heard.append(values["message"]) if "sender" in values else None)
        for number in range(6):
            assert await unicast(meter, 0, b"%d" % number) == Status.SUCCESS
        # What the module has for the host comes before its answer to the next question.
        await hub.ask("nop")
        assert heard == [b"%d" % number for number in range(6)]
        assert (await meter.ask("readCounters"))["counters"][10] == 2

    run(tmp_path, case)


def test_limits_of_a_frame_are_those_of_a_real_one(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        _, meter = await pair(bench, firmware=QUICK)
        for options, room in ((0x0040, 82), (0x0060, 65), (0x8060, 63)):
            send = {"options": options, "group": 0x0100}
            assert await unicast(meter, 0, bytes(room), **send) in (Status.SUCCESS, Status.DELIVERY_FAILED)
            with pytest.raises(RigError, match="MESSAGE_TOO_LONG"):
                await unicast(meter, 0, bytes(room + 1), **send)
        with pytest.raises(RigError, match="KEY_INVALID"):
            await unicast(meter, 0x7777, b"x")

    run(tmp_path, case)


def test_who_offers_a_cluster_is_answered_by_the_module(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = [await bench.host((await bench.plug_in(eui))[1]) for eui in (HUB, METER)]
        for number, clusters in ((123, ((0x0704,), ())), (7, ((0x0702,), (0x0704,)))):
            await meter.do("addEndpoint", endpoint=number, profile=0x0109, device=0x0501, version=0, clusters=clusters)
        await form(hub, METER)
        await join(meter)
        short = (await meter.ask("getNodeId"))["short"]
        answers = hub.expect("incomingMessageHandler", lambda one: one["aps"]["cluster"] == 0x8006)
        request = zdo.match_request(9, short, 0x0109, (0x0704,), ())
        where = {"profile": 0, "cluster": 6, "source_endpoint": 0, "destination_endpoint": 0, "options": 0x40}
        assert await unicast(hub, short, request, **where) == Status.SUCCESS
        message = (await answers)["message"]
        assert message[0] == 9 and zdo.matched(message) == (0, (123,))

    run(tmp_path, case)


def test_a_scan_finds_the_network_and_whether_it_may_be_joined(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        hub, meter = [await bench.host((await bench.plug_in(eui))[1]) for eui in (HUB, METER)]
        await form(hub)
        found, ended = meter.expect("networkFoundHandler"), meter.expect("scanCompleteHandler")
        await meter.do("startScan", kind=1, channels=1 << 15 | 1 << 20, duration=1)
        assert ((await found)["pan"], (await found)["allows_join"], (await found)["channel"]) == (PAN, 1, 15)
        assert (await ended)["status"] == Status.SUCCESS

    run(tmp_path, case)


def test_network_and_keys_survive_a_restart_and_counters_only_rise(tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"

    async def case(bench: Dongles) -> None:
        meter_module, meter_url = await bench.plug_in(METER, memory=memory)
        hub, meter = await bench.host((await bench.plug_in(HUB))[1]), await bench.host(meter_url)
        await form(hub, METER)
        await join(meter)
        await unicast(meter, 0, b"before")
        before = meter_module.ncp.memory.frame_counter
        await meter.close()
        await meter_module.air.close()
        assert memory.stat().st_mode & 0o777 == 0o600
        again, url = await bench.plug_in(METER, "tcp", memory=memory)
        assert again.ncp.memory.frame_counter > before
        meter = await bench.host(url)
        up = meter.expect("stackStatusHandler")
        await meter.do("networkInit", options=0)
        assert (await up)["status"] == Status.NETWORK_UP
        heard = hub.expect("incomingMessageHandler")
        assert await unicast(meter, 0, b"after") == Status.SUCCESS
        assert (await heard)["message"] == b"after"

    run(tmp_path, case)
    memory.write_text("{}")
    with pytest.raises(LocalError, match="no memory of a fake module"):
        run(tmp_path, lambda bench: bench.plug_in(METER, memory=memory))  # type: ignore[arg-type, return-value]


def test_tshark_follows_the_join_from_the_install_code_alone(tmp_path: Path) -> None:
    capture = AirCapture(tmp_path / "air.pcap")

    async def case(bench: Dongles) -> None:
        module, url = await bench.plug_in(HUB, capture=capture)
        hub, meter = await bench.host(url), await bench.host((await bench.plug_in(METER))[1])
        await form(hub, METER)
        await join(meter)
        await unicast(meter, 0, bytes.fromhex("011000") + bytes.fromhex("06ffff00dc05"))
        assert module.ncp.radio.network.key == b"the network key "

    run(tmp_path, case)
    capture.close()
    keys = tmp_path / "code.keys"
    keys.write_text(f'"{install_code_key(INSTALL_CODE).hex()}","Normal","install code"\n')
    lines = tshark(tmp_path / "air.pcap", "-T", "fields", "-e", "_ws.col.Info", keys=keys)
    text = "\n".join(lines)
    for step in ("Beacon Request", "Association Request", "Association Response", "Transport Key", "Device Announ"):
        assert step in text
    assert "ZCL Tunneling: Request Tunnel" in text
    assert tshark(tmp_path / "air.pcap", "-Y", "_ws.malformed || _ws.expert", keys=keys) == []


def test_a_module_that_is_already_in_use_is_refused(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        _, url = await bench.plug_in(HUB, "tcp")
        await bench.host(url)
        with pytest.raises(PortLost):
            await bench.host(url)

    run(tmp_path, case)


def test_an_air_that_is_not_there_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(PortLost, match="start rig fake-ezsp --serve-air first"):
        asyncio.run(join_air("tcp://127.0.0.1:1"))
    with pytest.raises(LocalError, match="no address of an air"):
        asyncio.run(join_air("udp:1"))


def test_a_port_without_a_module_is_a_clear_error(tmp_path: Path) -> None:
    async def case(bench: Dongles) -> None:
        port = await open_port(f"pty:{tmp_path / 'silent'}")
        with pytest.raises(RigError, match=r"did not answer 2 resets.*is a radio module"):
            await open_module(port, AshSettings(reset_wait_s=0.05, resets=2))

    run(tmp_path, case)
