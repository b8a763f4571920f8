"""Carries one conversation over a port in real time: bytes, deadlines, changes of speed, and what silence means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from emulator.smets1.conversation import Conversation, Silent
from gbcs.errors import RemoteError
from rigs.errors import RigTimeout
from rigs.ports.port import LineSettings, Port

Result = TypeVar("Result")
_FAREWELL_WITHIN_S = 2.0


@dataclass(slots=True)
class Watch:
    """What has crossed the line so far; ``changed`` is called as it grows."""

    bytes_down: int = 0
    bytes_up: int = 0
    messages: int = 0
    changed: Callable[[Watch], None] = lambda _watch: None

    def down(self, data: bytes) -> None:
        """Bytes to the meter."""
        self.bytes_down += len(data)
        self.changed(self)

    def up(self, data: bytes, messages: int) -> None:
        """Bytes of the meter, in how many whole messages so far."""
        self.bytes_up += len(data)
        self.messages = messages
        self.changed(self)


async def carry(
    conversation: Conversation[Any, Result], port: Port, line: LineSettings, watch: Watch, within_s: float
) -> Result:
    """What the conversation comes to. Raises RigTimeout, which says what to check next; PortLost, RemoteError."""
    started = Watch(watch.bytes_down, watch.bytes_up, watch.messages)
    try:
        async with asyncio.timeout(within_s):
            await _talk(conversation, port, line, watch)
        return conversation.result()
    except (TimeoutError, Silent) as error:
        whole = watch.messages - started.messages, watch.bytes_up - started.bytes_up
        said = f"in {within_s:g} s" if isinstance(error, TimeoutError) else str(error)
        raise RigTimeout(_what_silence_means(port, said, *whole)) from error


async def say_farewell(port: Port, data: bytes) -> None:
    """Send what ends a session that has failed, and do not mind what comes of it."""
    try:
        async with asyncio.timeout(_FAREWELL_WITHIN_S):
            await port.write(data)
    except (TimeoutError, RemoteError):
        return


async def _talk(conversation: Conversation[Any, Any], port: Port, line: LineSettings, watch: Watch) -> None:
    now = asyncio.get_running_loop().time
    before = watch.messages

    async def say(data: bytes) -> None:
        if data:
            watch.down(data)
            await port.write(data)
        baud = conversation.take_baud()
        if baud is not None:
            await port.configure(replace(line, baud=baud))

    await say(conversation.start(now()))
    while not conversation.done:
        try:
            async with asyncio.timeout_at(conversation.next_deadline()):
                data = await port.read()
        except TimeoutError:
            await say(conversation.tick(now()))
            continue
        answer = conversation.receive_data(data, now())
        watch.up(data, before + conversation.heard)
        await say(answer)


def _what_silence_means(port: Port, said: str, messages: int, heard: int) -> str:
    if not heard:
        return (
            f"no byte came from {port.url} ({said}): check that the probe sits on the optical port the right way up, "
            "the cable, and the address of the meter"
        )
    if not messages:
        return (
            f"{heard} bytes came from {port.url}, but no message ({said}): check speed and parity, the dialect, and "
            "whether the probe echoes"
        )
    return (
        f"the meter at {port.url} stopped after {messages} messages ({said}): check the position of the probe, and "
        "read less at a time"
    )
