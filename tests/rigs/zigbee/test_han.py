"""A meter is read over two dongles: HAN, key establishment, tunnel, fragments, on real bytes over ptys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from dongles import HUB, INSTALL_CODE, OTHER, PAN, dongles
from gfi_line import BROKER, METER, command
from zigbee_han import QUICK, READY_S, Han, han

import gbcs
from emulator.han.frames import wrap
from emulator.han.port import Down, Joined, Undelivered
from emulator.han.tunnel import TunnelState
from emulator.han.tunnel_server import ServerSettings
from emulator.han.zigbee import CLUSTER_TUNNELING
from gbcs import eui64
from gbcs.errors import LocalError
from rigs.errors import PortLost, RigError, RigTimeout
from rigs.ezsp.ash import AshSettings
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.faults import FaultPlan, Faults
from rigs.fake_ezsp.ncp import Firmware
from rigs.ports.opening import open_port
from rigs.radio.keys import install_code_key
from rigs.zigbee import endpoints
from rigs.zigbee.dongle import device_link, hub_on, open_dongle
from rigs.zigbee.links import ServerLink

IMPATIENT = AshSettings(ack_wait_s=0.4, min_ack_wait_s=0.2, max_ack_wait_s=0.4)
"""Time-outs of the line that a test waits for; a busy machine is still quicker."""
LONG = bytes(number % 251 for number in range(1500))


def run(folder: Path, case: Callable[[Han], Awaitable[None]], **how: Any) -> None:
    async def lasting() -> None:
        async with han(folder, **how) as both:
            await case(both)

    asyncio.run(lasting())


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds; the bench itself does not last for ever."""
    while not holds():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.01)


async def echo(both: Han, message: bytes) -> bytes:
    """A message down, and the same one back up."""
    await both.client.send(message)
    assert await both.server.receive() == message
    await both.server.send(message[::-1])
    return (await both.client.receive())[::-1]


@pytest.mark.parametrize("version", [8, 13])
def test_the_half_hours_of_a_day_are_read_through_ezsp_frames(tmp_path: Path, version: int) -> None:
    async def case(both: Han) -> None:
        hosting = await both.hosts_a_meter()
        sent = command()
        await both.client.send(sent.command)
        answer = await both.client.receive()
        assert len(BROKER.open(answer, sent).rows) == 48
        assert gbcs.decode(answer).message_code == sent.message_code
        # The answer of 544 bytes came in fragments of 63; so did the hub's certificate and the command.
        assert both.hub.han.messages.fragments_received == -(-(len(answer) + 5) // 63) + 2
        hosting.cancel()

    run(tmp_path, case, firmware=Firmware(ezsp_version=version))


def test_the_longest_message_of_a_tunnel_crosses_both_ways(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        assert await echo(both, LONG) == LONG
        assert both.meter.han.messages.fragments_received >= 24

    run(tmp_path, case)


def test_key_establishment_replaces_the_install_code(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        hub, meter = both.hub.han.keys(METER), both.meter.han.keys(HUB)
        assert hub == meter and hub.link != hub.network
        assert hub.link != install_code_key(INSTALL_CODE)
        assert both.hub_module.ncp.delivery.counters["aps_decrypt_failures"] == 0
        with pytest.raises(LocalError, match="no keys with"):
            both.hub.han.keys(OTHER)

    run(tmp_path, case)


def test_what_comes_without_the_link_key_is_not_taken(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        forged = wrap(b"forged", both.client.tunnel.tunnel_id, to_server=False)
        await both.meter.han.messages.send(HUB, CLUSTER_TUNNELING, forged, secured=False)
        assert await echo(both, b"real") == b"real"
        assert both.hub.han.failures == [f"{eui64.show(METER)} sent {len(forged)} bytes without its link key"]

    run(tmp_path, case)


def test_unusual_endpoints_tunnel_ids_and_fragments_are_legal(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        assert await echo(both, LONG[:300]) == LONG[:300]
        assert both.client.tunnel.tunnel_id == 0xFFFE
        assert both.meter.han.messages.fragments_received >= 61

    run(tmp_path, case, endpoint=123, tunnels=ServerSettings(first_id=0xFFFE, busy_at_first=1), fragment_bytes=5)


FAULTS = {
    "lost": {"lose": 0.1},
    "doubled": {"duplicate": 0.3},
    "noise": {"noise": 0.1},
    "naks": {"nak": 0.1},
    "slow": {"delay_s": 0.005},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_line_loses_no_message(tmp_path: Path, name: str) -> None:
    plan = FaultPlan(**FAULTS[name], clear_after=8, seed=5)  # type: ignore[arg-type]

    async def case(both: Han) -> None:
        assert await echo(both, LONG[:400]) == LONG[:400]
        assert both.hub_module.faults.done or name == "slow"

    run(tmp_path, case, hub_faults=plan, meter_faults=plan, line=IMPATIENT)


def test_frames_that_the_air_loses_are_sent_again(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        both.bench.air.faults = faults = Faults(FaultPlan(lose=0.2, clear_after=6, seed=2))
        assert await echo(both, LONG[:500]) == LONG[:500]
        assert faults.done == 6
        again = [one.ncp.delivery.counters["aps_again"] for one in (both.hub_module, both.meter_module)]
        assert sum(again) >= 3

    run(tmp_path, case, firmware=Firmware(ack_wait_s=0.1))


def test_one_byte_at_a_time_is_the_same_line(tmp_path: Path) -> None:
    async def case() -> None:
        async with dongles(tmp_path) as bench:
            module, url = await bench.plug_in(HUB)
            port = await open_port(url)
            whole = port.read
            port.read = lambda _size=1: whole(1)  # type: ignore[attr-defined, method-assign]
            dongle = await hub_on(port, {}, HanSettings(pan_id=PAN))
            assert module.ncp.radio.is_up and dongle.station.coordinator == HUB
            await dongle.close()

    asyncio.run(case())


def test_a_module_that_dies_in_the_middle_is_a_lost_port_and_no_hang(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        await both.client.send(LONG)
        waiting = asyncio.ensure_future(both.client.receive())
        await until(lambda: both.meter.han.messages.fragments_received > 5)
        await both.hub.han.client.port.close()
        with pytest.raises(PortLost):
            await waiting
        with pytest.raises(PortLost):
            await both.client.send(b"x")

    run(tmp_path, case)


def test_a_module_that_falls_silent_fails_in_finite_time(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        both.hub_module.faults = Faults(FaultPlan(lose=1.0))
        await both.client.send(LONG)
        with pytest.raises(PortLost, match=r"no acknowledgement after 4 time-outs"):
            await both.client.receive()

    run(tmp_path, case, line=IMPATIENT)


def test_a_meter_that_joins_again_is_read_again(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        events: list[object] = []
        both.hub.station.watch(events.append)
        await both.meter.han.client.do("leaveNetwork")
        await both.meter.close()
        url = both.meter.han.client.port.url
        again = await open_dongle(await open_port(url), (endpoints.METER,), HanSettings(pan_id=PAN))
        server = ServerLink(again.station, HUB)
        again.han.join(HUB, INSTALL_CODE)
        await again.station.up(READY_S)
        await until(lambda: any(isinstance(one, Joined) for one in events))
        await both.client.send(b"again")
        assert await server.receive() == b"again"
        await again.close()

    run(tmp_path, case)


def test_what_cannot_be_delivered_is_said(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        events: list[object] = []
        both.hub.station.watch(events.append)
        await both.meter.han.client.do("leaveNetwork")
        await both.client.send(b"into the void")
        await until(lambda: any(isinstance(one, Undelivered) for one in events))
        assert "not delivered" in both.client.failures[-1] and "DELIVERY_FAILED" in both.client.failures[-1]

    run(tmp_path, case, firmware=Firmware(ack_wait_s=0.1))


def test_a_network_outlives_its_host(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        url, keys = both.hub.han.client.port.url, both.hub.han.keys(METER)
        await both.hub.close()
        again = await hub_on(await open_port(url), {METER: INSTALL_CODE}, HanSettings(pan_id=PAN), QUICK)
        (link,) = again.links
        await link.ready(READY_S)
        await link.send(b"still there")
        assert await both.server.receive() == b"still there"
        assert again.han.keys(METER) == keys
        await again.close()

    run(tmp_path, case)


# ---------------------------------------------------------------------- what does not work, and says so


async def _joining(bench: Any, firmware: Firmware | None = None, code: bytes = INSTALL_CODE, **settings: Any) -> Any:
    _, hub_url = await bench.plug_in(HUB)
    _, meter_url = await bench.plug_in(METER, firmware=firmware)
    hub = await hub_on(await open_port(hub_url), {METER: INSTALL_CODE}, HanSettings(pan_id=PAN), QUICK)
    bench.stack.push_async_callback(hub.close)
    dongle = await open_dongle(
        await open_port(meter_url), (endpoints.METER,), HanSettings(**{"pan_id": PAN, **settings})
    )
    bench.stack.push_async_callback(dongle.close)
    dongle.han.join(HUB, code)
    await dongle.station.up(READY_S)
    return hub, dongle


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"firmware": Firmware(has_cbke=False)}, "no key establishment .CBKE.*Certicom.*LIBRARY_NOT_PRESENT"),
        ({"channel": 20}, "NO_BEACONS.*is the hub on, on this channel"),
        ({"code": bytes(16) + bytes.fromhex("0f1d")}, "CRC of the install code"),
    ],
)
def test_a_join_that_fails_says_what_to_look_at(tmp_path: Path, how: dict[str, Any], why: str) -> None:
    async def case() -> None:
        async with dongles(tmp_path) as bench:
            with pytest.raises(PortLost, match=why):
                await _joining(bench, **how)

    asyncio.run(case())


def test_without_key_establishment_the_install_code_secures_the_link(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        assert await echo(both, b"x" * 100) == b"x" * 100

    run(tmp_path, case, firmware=Firmware(has_cbke=False), cbke=False)


def test_a_device_that_never_joins_is_a_time_out_with_its_cause(tmp_path: Path) -> None:
    async def case() -> None:
        async with dongles(tmp_path) as bench:
            _, url = await bench.plug_in(HUB)
            link = await device_link(await open_port(url), METER, INSTALL_CODE, HanSettings(pan_id=PAN), QUICK)
            with pytest.raises(RigTimeout, match=r"no tunnel to .* within 0.5 s: .*is not on the HAN"):
                await link.ready(0.5)
            await link.close()
            with pytest.raises(PortLost, match="is closed"):
                await link.receive()

    asyncio.run(case())


def test_a_meter_that_knows_another_hub_refuses_the_tunnel(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        both.server.server._knows = lambda _: False  # type: ignore[method-assign, assignment]
        both.server.server.forget(HUB)
        await both.client.send(b"x")
        await until(lambda: both.client.tunnel.state is TunnelState.REFUSED)
        with pytest.raises(RigError, match=r"protocol not supported.*device log"):
            await both.client.send(b"y")

    run(tmp_path, case)


def test_a_dongle_that_is_pulled_out_takes_the_han_down(tmp_path: Path) -> None:
    async def case(both: Han) -> None:
        events: list[object] = []
        both.meter.station.watch(events.append)
        await both.meter.han.client.port.close()
        with pytest.raises(PortLost):
            await both.server.receive()
        assert any(isinstance(one, Down) for one in events)

    run(tmp_path, case)
