"""MQTT brokers on loopback: Mosquitto, the real one, and amqtt inside the test's own loop."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rigs.broker import embedded_broker
from rigs.mqtt import Broker

KINDS = ("amqtt", "mosquitto")


@asynccontextmanager
async def broker(kind: str) -> AsyncIterator[Broker]:
    """A broker that lasts as long as the context. Skips, saying so, where Mosquitto is not installed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with embedded_broker("127.0.0.1", port) if kind == "amqtt" else _mosquitto(port):
        yield Broker("127.0.0.1", port)


@asynccontextmanager
async def _mosquitto(port: int) -> AsyncIterator[None]:
    program = shutil.which("mosquitto")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "mosquitto.conf"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type none\n")
        process = await asyncio.create_subprocess_exec(program, "-c", str(settings))
        try:
            await _answers(port)
            yield
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
