from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from hosted import answered_by, reader
from one_meter import FIRST, LAST, MDR, METER, NOW, OPERATOR, SUPPLIER, Asker, energy, meter

from emulator.device.alerts import Alert, DlmsAlert
from emulator.esme.live import LiveObjects
from gbcs.errors import AuthenticationError, LocalError
from gbcs.gbt import GbtEndpoint, GbtSettings
from gbcs.keystore import KeyStore
from gbcs.security import Check
from rigs.errors import PortLost, RigTimeout
from rigs.link import MemoryLink
from rigs.policy import load_reading_parameters
from rigs.reading import RigReader

QUICK = load_reading_parameters({"reading": {"answer_timeout_s": {"value": 0.05}, "spacing_s": {"value": 0.0}}})
"""A device that stays silent shall not cost the test its time."""

Body = Callable[[RigReader], Awaitable[Any]]


def run(answer: Any, body: Body, **given: Any) -> Any:
    """Carry out ``body`` with a reader whose device answers as ``answer`` says."""

    async def both() -> Any:
        async with answered_by(answer) as link, reader(link, now=lambda: float(NOW), **given) as asking:
            return await body(asking)

    return asyncio.run(asyncio.wait_for(both(), 30))


async def plain(message: bytes, link: MemoryLink, device: Any = None) -> None:
    for answer in (device or meter()).receive(message, float(NOW)):
        await link.send(answer)


@pytest.mark.parametrize(
    ("use_case", "role", "user"),
    [
        ("ECS17a", "NO", OPERATOR), ("ECS17b", "IS", SUPPLIER), ("ECS21a", "IS", SUPPLIER), ("ECS21c", "ES", MDR),
        ("ECS22a", "NO", OPERATOR), ("ECS22b", "IS", SUPPLIER), ("ECS22b", "MDR", MDR), ("ECS66", "IS", SUPPLIER),
    ],
)  # fmt: skip
def test_every_read_brings_what_the_meter_measured(use_case: str, role: str, user: bytes) -> None:
    bounds = (None, None) if use_case.startswith("ECS17") else (FIRST, LAST)
    reading = run(plain, lambda asking: asking.read(use_case, role, user, *bounds))
    assert reading.values.code == 0 and reading.attempts == 1 and reading.sent.device == METER
    truth = energy()
    if use_case == "ECS22b":
        assert reading.values.rows[:, 1].tolist() == truth.half_hours("active_import", FIRST, LAST).tolist()
    elif use_case == "ECS17b":
        assert reading.values.registers[0][0] == truth.register("active_import", NOW)
    else:
        assert reading.values.registers or len(reading.values.rows)


def test_alerts_and_strangers_answers_are_kept_and_counted() -> None:
    device, asked = meter(), list[bytes]()
    stranger = device.receive(Asker().command("ECS17b"), float(NOW))[0]

    async def chatty(message: bytes, link: MemoryLink) -> None:
        await link.send(device.send(Alert(0x0018, SUPPLIER, DlmsAlert(0x8F12, NOW, ()))))
        await link.send(b"GET / HTTP/1.1")
        await link.send(stranger)
        (answer,) = device.receive(message, float(NOW))
        twice = 1 if asked else 2
        asked.append(answer)
        for _ in range(twice):
            await link.send(answer)

    async def body(asking: RigReader) -> Any:
        await asking.read("ECS22b", "IS", SUPPLIER, FIRST, LAST)
        await asking.read("ECS22b", "IS", SUPPLIER, FIRST, LAST)
        return asking.talk

    talk = run(chatty, body)
    assert dict(talk.counts) == {"alert": 2, "not_gbcs": 2, "unasked": 2, "duplicate": 1}
    assert [heard.kind for heard in talk.kept].count("alert") == 2


def test_an_answer_to_an_earlier_attempt_counts() -> None:
    asked: list[bytes] = []

    async def late(message: bytes, link: MemoryLink) -> None:
        asked.append(message)
        if len(asked) == 2:
            await plain(asked[0], link)

    reading = run(late, lambda asking: asking.read("ECS17b", "IS", SUPPLIER), parameters=QUICK)
    assert reading.attempts == 2 and reading.sent.command == asked[0] != asked[1]
    assert reading.bytes_down == len(asked[0]) + len(asked[1])


def test_the_same_bytes_where_the_policy_says_so() -> None:
    asked: list[bytes] = []

    async def deaf_once(message: bytes, link: MemoryLink) -> None:
        asked.append(message)
        if len(asked) > 1:
            await plain(message, link)

    own = load_reading_parameters({"reading": {"answer_timeout_s": {"value": 0.05}, "resend": {"value": "same_bytes"}}})
    assert run(deaf_once, lambda asking: asking.read("ECS17b", "IS", SUPPLIER), parameters=own).attempts == 2
    assert asked[0] == asked[1]


def test_silence_says_what_to_look_at() -> None:
    async def silent(message: bytes, link: MemoryLink) -> None:
        return

    with pytest.raises(RigTimeout, match=r"rig bench-3: no answer from 02-4D-46.*3 attempts.*is the device powered"):
        run(silent, lambda asking: asking.read("ECS17b", "IS", SUPPLIER), parameters=QUICK)


def test_a_deadline_ends_a_read_before_its_attempts_do() -> None:
    async def silent(message: bytes, link: MemoryLink) -> None:
        return

    with pytest.raises(RigTimeout, match="1 attempt "):
        run(silent, lambda asking: asking.read("ECS17b", "IS", SUPPLIER, deadline_s=0.05))


def test_wrong_macs_answer_nothing() -> None:
    async def forged(message: bytes, link: MemoryLink) -> None:
        (answer,) = meter().receive(message, float(NOW))
        await link.send(answer[:-1] + bytes((answer[-1] ^ 1,)))

    with pytest.raises(AuthenticationError, match=r"no answer holds: the MAC is wrong.*keys of this rig"):
        run(forged, lambda asking: asking.read("ECS17b", "IS", SUPPLIER), parameters=QUICK)


def test_the_end_of_the_link_ends_the_read_at_once() -> None:
    async def hang_up(message: bytes, link: MemoryLink) -> None:
        await link.close()

    async def body(asking: RigReader) -> None:
        with pytest.raises(PortLost):
            await asking.read("ECS17b", "IS", SUPPLIER)
        await asking.read("ECS17b", "IS", SUPPLIER)

    with pytest.raises(PortLost):
        run(hang_up, body)


def test_test_keys_are_refused_for_a_real_device() -> None:
    with pytest.raises(LocalError, match="test keys made from a seed are refused for rig bench-3"):
        run(plain, lambda asking: asking.read("ECS17b", "IS", SUPPLIER), is_emulated=False)


def test_blocks_are_put_together_and_acknowledged() -> None:
    device, blocks = GbtEndpoint(GbtSettings(block_bytes=300)), []

    async def in_blocks(message: bytes, link: MemoryLink) -> None:
        if message[:2] == b"\xdd\x09":
            blocks.append(message)
            turn = device.receive(message, 0.0)
        else:
            (answer,) = meter(LiveObjects(energy())).receive(message, float(NOW))
            turn = device.send(answer, 0.0)
        for block in turn.blocks:
            await link.send(block)

    seen: list[tuple[str, int]] = []

    class Sink:
        def message(self, at_utc: float, direction: str, device: bytes, message: bytes) -> None:
            seen.append((direction, len(message)))

    reading = run(in_blocks, lambda asking: asking.read("ECS22b", "IS", SUPPLIER, FIRST, NOW), sink=Sink())
    assert len(reading.answer) > 300 and len(reading.values.rows) == 59
    assert blocks and [way for way, _ in seen].count("up") >= 2
    assert all(size <= 300 for way, size in seen if way == "up")


def test_any_command_is_sealed_and_its_answer_opened() -> None:
    async def body(asking: RigReader) -> Any:
        asked = replace(Asker().message("ECS17b"), originator_counter=asking.next_counter(SUPPLIER))
        return await asking.command(asked)

    answered = run(plain, body)
    assert answered.verdict.mac is Check.VERIFIED and answered.opened.payload is not None


def test_a_user_without_keys_is_named() -> None:
    with pytest.raises(LocalError, match="no key for the pair"):
        run(plain, lambda asking: asking.read("ECS22b", "IS", SUPPLIER, FIRST, LAST), keys=KeyStore())
