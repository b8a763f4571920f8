"""A hosted meter behind a GFI line: real sockets and terminals, a peer that knows the text of the line and no more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from gfi_line import BROKER, DAY, METER, NOW, command, connected, hosted, meter, opened

from emulator.esme.live import energy_of
from emulator.esme.logs import MeterLogs
from gbcs.errors import LocalError, RemoteError
from gbcs.gbt import GbtSettings
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.blocks import BlockLink
from rigs.errors import PortLost
from rigs.gfi import GfiFault, GfiLink
from rigs.hosting import Traffic
from rigs.ports.listening import listen
from rigs.ports.port import Port


def held(days: int = 1) -> list[list[int]]:
    """What the meter holds of the days that :func:`gfi_line.command` asks for."""
    first = DAY - (days - 1) * DAY_S + HALF_HOUR_S
    rows: list[list[int]] = (
        MeterLogs(energy_of(meter())).rows("profile_active_import", first, DAY + DAY_S, NOW).tolist()
    )
    return rows


def line_of(message: bytes) -> bytes:
    """The line, spelt out here once more."""
    return f"GBCS:DATA#0:{len(message)}:{message.hex().upper()}\r\n".encode()


def message_of(line: bytes) -> bytes:
    head, length, digits = line.decode("ascii").removesuffix("\r\n").rsplit(":", 2)
    assert head == "GBCS:DATA#0" and int(length) * 2 == len(digits) and digits == digits.upper()
    return bytes.fromhex(digits)


def test_a_socket_that_writes_a_line_gets_the_days_half_hours() -> None:
    async def main() -> None:
        traffic = Traffic()
        async with hosted(traffic=traffic) as listener:
            reader, writer = await connected(listener)
            sent = command()
            writer.write(line_of(sent.command))
            values = BROKER.open(message_of(await reader.readline()), sent)
            writer.close()
        assert values.rows is not None and values.rows.tolist() == held()
        assert (traffic.heard, traffic.answers) == (1, 1)

    asyncio.run(main())


def test_byte_by_byte_and_between_garbage_it_is_the_same() -> None:
    async def main() -> None:
        async with hosted() as listener:
            reader, writer = await connected(listener)
            sent = command()
            for byte in b"\xff\x00hello\r\nGBCS:DATA#0:3:AA\r\n" + line_of(sent.command):
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0)
            values = BROKER.open(message_of(await reader.readline()), sent)
            assert values.rows is not None and values.rows.tolist() == held()
            writer.close()

    asyncio.run(main())


def test_over_a_terminal_that_users_open_and_leave(tmp_path: Path) -> None:
    async def main() -> None:
        link = tmp_path / "esme"
        async with hosted(f"pty:{link}") as listener:
            assert listener.address == f"pty:{link}"
            for _ in range(2):
                reader = GfiLink(await opened(listener), METER)
                sent = command()
                await reader.send(sent.command)
                values = BROKER.open(await reader.receive(), sent)
                assert values.rows is not None and values.rows.tolist() == held()
                await reader.close()
        assert not link.is_symlink()

    asyncio.run(main())


def test_an_answer_of_a_month_comes_in_blocks_that_fit() -> None:
    async def main() -> None:
        async with hosted() as listener:
            sizes: list[int] = []

            class Watched(GfiLink):
                async def receive(self) -> bytes:
                    block = await super().receive()
                    sizes.append(len(block))
                    return block

            link = BlockLink(Watched(await opened(listener), METER))
            sent = command(days=31)
            await link.send(sent.command)
            values = BROKER.open(await link.receive(), sent)
            assert values.rows is not None and len(values.rows) == 31 * 48
            assert values.rows.tolist() == held(31)
            assert len(sizes) > 10 and 1000 < max(sizes) <= 1200
            await link.close()

    asyncio.run(main())


def test_blocks_that_are_lost_are_sent_again() -> None:
    settings = GbtSettings(ack_timeout_s=0.2, gap_wait_s=0.05)

    async def main() -> None:
        async with hosted(blocks=settings) as listener:
            lost: list[bytes] = []

            class Lossy(GfiLink):
                async def receive(self) -> bytes:
                    block = await super().receive()
                    if len(lost) == 3 or len(block) < 1000:
                        return block
                    lost.append(block)
                    return await self.receive()

            link = BlockLink(Lossy(await opened(listener), METER), settings)
            sent = command(days=31)
            await link.send(sent.command)
            values = BROKER.open(await link.receive(), sent)
            assert values.rows is not None and values.rows.tolist() == held(31)
            assert len(lost) == 3 and not link.failures
            await link.close()

    asyncio.run(main())


def test_a_wait_that_is_given_up_loses_no_message() -> None:
    async def main() -> None:
        async with hosted() as listener:
            link = BlockLink(GfiLink(await opened(listener), METER))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await link.receive()
            sent = command()
            await link.send(sent.command)
            assert BROKER.open(await link.receive(), sent).rows is not None
            await link.close()

    asyncio.run(main())


def test_a_meter_outlives_its_users_and_a_second_one_is_turned_away() -> None:
    async def main() -> None:
        async with hosted() as listener:
            _, first = await connected(listener)
            refused, _ = await connected(listener)
            assert await refused.read() == b""
            first.close()
            reader, writer = await connected(listener)
            sent = command()
            writer.write(line_of(sent.command))
            assert BROKER.open(message_of(await reader.readline()), sent).rows is not None
            writer.close()

    asyncio.run(main())


def served_by(peer: bytes) -> RemoteError:
    """The error of a reader at a peer that writes these bytes and hangs up."""

    async def main() -> RemoteError:
        async def serve(port: Port) -> None:
            await port.write(peer)

        listener = await listen("tcp://127.0.0.1:0", serve)
        link = GfiLink(await opened(listener), METER)
        try:
            async with asyncio.timeout(20):
                await link.receive()
        except RemoteError as error:
            return error
        finally:
            await link.close()
            await listener.close()
        raise AssertionError("there was a message")

    return asyncio.run(main())


def test_a_peer_that_hangs_up_is_a_lost_port() -> None:
    assert isinstance(served_by(b""), PortLost)
    assert isinstance(served_by(line_of(b"\x01\x02")[:-3]), PortLost)


def test_a_peer_of_another_kind_is_told_after_a_while() -> None:
    error = served_by(b"HTTP/1.1 400 Bad Request\r\n" * 200)
    assert not isinstance(error, PortLost)
    assert "lines in a row" in str(error) and "is a GFI bridge at the other end?" in str(error)


def test_a_message_too_long_for_the_peer_is_refused_before_it_is_sent() -> None:
    async def main() -> None:
        async with hosted() as listener:
            link = GfiLink(await opened(listener), METER)
            with pytest.raises(LocalError, match="send it in blocks"):
                await link.send(bytes(1201))
            await link.close()

    asyncio.run(main())


def test_faults_can_be_looked_at() -> None:
    async def main() -> None:
        async def serve(port: Port) -> None:
            await port.write(b"GBCS:DATA#0:1:XX\r\n" + line_of(b"\x01"))
            await port.read()

        listener = await listen("tcp://127.0.0.1:0", serve)
        link = GfiLink(await opened(listener), METER)
        assert await link.receive() == b"\x01"
        assert link.faults == {GfiFault.HEX: 1} and "hexadecimal" in str(link.last_fault)
        await link.close()
        await listener.close()

    asyncio.run(main())


def test_rows_are_numbers_of_the_meter() -> None:
    assert np.array(held()).shape == (48, 2)
