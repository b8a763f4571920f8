"""Meters on real links: TCP, pseudo-terminals, a line that drops in the middle, many meters in one process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dlms_meters import CLOCK, NOW, PROFILE, PUBLIC, aarq, dlms_device, dlms_meter, get, initiate, wrapped

from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.dlms.hdlc_frames import FrameReader, HdlcFrame, write_frame
from emulator.smets1.dlms.rows import layout
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.serve import Endpoint, Served, parse_endpoint, running_from, serve
from gbcs.errors import LocalError

TCP, PTY = parse_endpoint("tcp://127.0.0.1:0"), parse_endpoint("pty:")
COLUMNS = ("clock", "active_import", "active_export")
SNRM = bytes.fromhex("7ea0070321930f017e")


def run(session: Callable[[], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(session(), 30)

    return asyncio.run(limited())


def port(served: Served) -> int:
    return int(served.address.rpartition(":")[2])


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, apdu: bytes, size: int = 10_000
) -> bytes:
    data = wrapped(PUBLIC, 1, apdu)
    for at in range(0, len(data), size):
        writer.write(data[at : at + size])
        await writer.drain()
        await asyncio.sleep(0)
    head = await reader.readexactly(8)
    return await reader.readexactly(int.from_bytes(head[6:8], "big"))


async def read_day(where: int, size: int = 10_000) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", where)
    assert (await exchange(reader, writer, aarq(initiate()), size))[0] == 0x61
    rows = layout(COLUMNS).decode((await exchange(reader, writer, get(PROFILE, 7, 2), size))[4:])
    writer.close()
    return rows


@pytest.mark.parametrize("size", [10_000, 1])
def test_a_day_over_tcp_whole_and_a_byte_at_a_time(size: int) -> None:
    device = dlms_device()

    async def session() -> Any:
        served = await serve(lambda: WrapperServer(device), TCP, running_from(NOW))
        rows = await read_day(port(served), size)
        served.close()
        return rows

    rows = run(session)
    assert (rows == device.meter.profile(NOW)).all() and len(rows) == 48


def test_a_connection_that_drops_in_the_middle_harms_nobody() -> None:
    device = dlms_device()

    async def session() -> int:
        served = await serve(lambda: WrapperServer(device), TCP, running_from(NOW))
        for cut in (1, 7, 9, 30):
            _, writer = await asyncio.open_connection("127.0.0.1", port(served))
            writer.write(wrapped(PUBLIC, 1, aarq(initiate()))[:cut])
            await writer.drain()
            writer.transport.abort()
        rows = await read_day(port(served))
        served.close()
        return len(rows)

    assert run(session) == 48


def test_what_is_no_dlms_is_hung_up_on() -> None:
    async def session() -> bytes:
        served = await serve(lambda: WrapperServer(dlms_device()), TCP, running_from(NOW))
        reader, writer = await asyncio.open_connection("127.0.0.1", port(served))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        served.close()
        return answer

    assert run(session) == b""


def test_an_idle_connection_is_closed_at_its_deadline() -> None:
    device = dlms_device(inactivity_s=0.2)

    async def session() -> bytes:
        served = await serve(lambda: WrapperServer(device), TCP, running_from(NOW))
        reader, writer = await asyncio.open_connection("127.0.0.1", port(served))
        assert (await exchange(reader, writer, aarq(initiate())))[0] == 0x61
        rest = await reader.read()
        served.close()
        return rest

    assert run(session) == b""


def test_many_meters_in_one_process_at_once() -> None:
    meters = [dlms_meter(seed=seed) for seed in range(40)]

    async def session() -> list[Any]:
        devices = [dlms_device(meter) for meter in meters]
        served = [
            await serve(lambda device=device: WrapperServer(device), TCP, running_from(NOW)) for device in devices
        ]
        rows = await asyncio.gather(*(read_day(port(one)) for one in served))
        for one in served:
            one.close()
        return rows

    every = run(session)
    assert all((rows == meter.profile(NOW)).all() for rows, meter in zip(every, meters, strict=True))
    assert len({rows.tobytes() for rows in every}) == len(meters)


async def _hdlc_day(fd: int, cut: bool) -> Any:
    """A day read over a terminal, with a frame that stops half way before it where ``cut`` says so."""
    loop, reader, arrived = asyncio.get_running_loop(), FrameReader(), asyncio.Queue[HdlcFrame]()
    os.set_blocking(fd, False)
    loop.add_reader(fd, lambda: [arrived.put_nowait(frame) for frame in reader.feed(os.read(fd, 4096))])

    async def one(control: int, information: bytes | None = None) -> HdlcFrame:
        os.write(fd, write_frame(HdlcFrame(False, b"\x03", b"\x21", control, information)))
        return await arrived.get()

    if cut:
        os.write(fd, SNRM[:-3])
    assert (await one(0x93)).control == 0x73
    assert (await one(0x10, b"\xe6\xe6\x00" + aarq(initiate()))).information is not None
    answer, whole, received = await one(0x32, b"\xe6\xe6\x00" + get(PROFILE, 7, 2)), b"", 1
    while True:
        whole += answer.information or b""
        received = (received + 1) & 7
        if not answer.segmented:
            break
        answer = await one(0x11 | received << 5)
    loop.remove_reader(fd)
    return layout(COLUMNS).decode(whole[7:])


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("paced", [False, True])
def test_a_day_over_a_pseudo_terminal_again_and_again(paced: bool, cut: bool) -> None:
    device = dlms_device(hdlc_baud=115200)

    async def session() -> list[Any]:
        served = await serve(lambda: HdlcServer(device), PTY, running_from(NOW), paced=paced)
        read = []
        for _ in range(2):
            fd = os.open(served.address.removeprefix("pty:"), os.O_RDWR | os.O_NOCTTY)
            read.append(await _hdlc_day(fd, cut))
            os.close(fd)
        served.close()
        return read

    for rows in run(session):
        assert (rows == device.meter.profile(NOW)).all() and len(rows) == 48


def test_a_paced_terminal_goes_no_faster_than_its_speed() -> None:
    device = dlms_device(hdlc_baud=9600)

    async def session() -> float:
        served = await serve(lambda: HdlcServer(device), PTY, running_from(NOW))
        fd = os.open(served.address.removeprefix("pty:"), os.O_RDWR | os.O_NOCTTY)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await _hdlc_day(fd, cut=False)
        took_s = loop.time() - started
        os.close(fd)
        served.close()
        return took_s

    # a day takes more than 1,250 bytes, of ten bits each
    assert run(session) > 1250 * 10 / 9600


def test_a_clock_that_is_given_shows_on_the_wire() -> None:
    device = dlms_device()

    async def session() -> bytes:
        served = await serve(lambda: WrapperServer(device), TCP, running_from(0.0))
        reader, writer = await asyncio.open_connection("127.0.0.1", port(served))
        await exchange(reader, writer, aarq(initiate()))
        answer = await exchange(reader, writer, get(CLOCK, 8, 2))
        writer.close()
        served.close()
        return answer

    assert run(session)[6:].startswith(bytes.fromhex("07d001010600"))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://127.0.0.1:4059", Endpoint("tcp", "127.0.0.1", 4059)),
        ("tcp://[::1]:0", Endpoint("tcp", "::1", 0)),
        ("pty:", Endpoint("pty")),
        ("serial:/dev/ttyUSB0", Endpoint("serial", path="/dev/ttyUSB0")),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text", ["", "tcp://", "tcp://:5", "tcp://h:70000", "tcp://h:x", "udp://h:1", "pty:x", "serial:"]
)
def test_what_is_no_endpoint_is_named(text: str) -> None:
    with pytest.raises(LocalError, match="is no endpoint"):
        parse_endpoint(text)


def test_a_port_that_is_taken_is_an_error() -> None:
    async def session() -> None:
        served = await serve(lambda: WrapperServer(dlms_device()), TCP, running_from(NOW))
        try:
            with pytest.raises(OSError, match="in use"):
                await serve(lambda: WrapperServer(dlms_device()), Endpoint("tcp", port=port(served)), running_from(NOW))
        finally:
            served.close()

    run(session)
