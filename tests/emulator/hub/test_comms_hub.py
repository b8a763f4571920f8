"""The comms hub: what it passes on, what it refuses and in what words, buffers, turns, time."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.hub import CommsHub, HubLimits, Refused, ToHan, ToWan, load_hub_parameters
from gbcs.framing import Cra, GbtBlock, Message, OtherInformation

HUB, METER, GAS, REMOTE = (bytes([n] * 8) for n in (1, 2, 3, 9))


def command(counter: int, device: bytes = METER, size: int = 40) -> bytes:
    return Message(
        Cra.COMMAND, counter, REMOTE, device, b"", OtherInformation(0x77), bytes(size), b"", bytes(12)
    ).encode()


def response(counter: int, device: bytes = METER, size: int = 40) -> bytes:
    return Message(
        Cra.RESPONSE, counter, device, REMOTE, b"", OtherInformation(0x77), bytes(size), b"", bytes(12)
    ).encode()


def of_size(make: object, size: int) -> bytes:
    """A message of exactly ``size`` bytes."""
    message: bytes = make(1, METER, size - 100)  # type: ignore[operator]
    message = make(1, METER, size - 100 + size - len(message))  # type: ignore[operator]
    assert len(message) == size
    return message


@cache
def limits(**given: float) -> HubLimits:
    return HubLimits(load_hub_parameters({"comms_hub": {name: {"value": value} for name, value in given.items()}}))


def hub(**given: float) -> CommsHub:
    return CommsHub(HUB, [METER, GAS], limits(**given))


def reason(actions: tuple[object, ...]) -> str:
    (action,) = actions
    assert isinstance(action, Refused)
    return action.reason


def test_commands_go_to_their_device_and_answers_to_the_wan() -> None:
    box = hub()
    assert box.from_wan(command(7), 0.0) == (ToHan(METER, command(7)),)
    assert box.from_wan(command(7, GAS), 0.0) == (ToHan(GAS, command(7, GAS)),)
    assert box.from_han(response(7), 1.0) == (ToWan(response(7)),)
    assert len(box.buffer) == 1


def test_alerts_pass_though_nobody_asked() -> None:
    alert = Message(Cra.ALERT, 5, METER, REMOTE, b"", OtherInformation(0x77), b"", b"").encode()
    assert hub().from_han(alert, 0.0) == (ToWan(alert),)


@pytest.mark.parametrize(("size", "passes"), [(1199, True), (1200, True), (1201, False), (1229, False)])
def test_what_is_over_1200_bytes_is_refused_with_its_size(size: int, passes: bool) -> None:
    for actions in (hub().from_wan(of_size(command, size), 0.0), hub().from_han(of_size(response, size), 0.0)):
        if passes:
            assert not isinstance(actions[0], Refused)
        else:
            expected = f"message of {size:,} bytes is over the 1,200 that fit without segmentation"
            assert reason(actions) == expected


def test_an_answer_too_long_to_send_frees_the_place_of_its_command() -> None:
    box = hub()
    box.from_wan(command(1), 0.0)
    reason(box.from_han(of_size(response, 1229), 1.0))
    assert len(box.buffer) == 0 and box.buffer.size == 0


def test_devices_that_are_not_on_the_han_are_named() -> None:
    box = hub()
    assert reason(box.from_wan(command(1, REMOTE), 0.0)).startswith("09-09-09-09-09-09-09-09 is not a device")
    assert reason(box.from_han(response(1, REMOTE), 0.0)).startswith("09-09-09-09-09-09-09-09 is not a device")
    assert "01-01-01-01" in reason(box.from_wan(command(1, HUB), 0.0))


@pytest.mark.parametrize("data", [b"", b"\xdd", b"\x00" * 100, command(1)[:30]])
def test_what_is_no_gbcs_message_is_refused(data: bytes) -> None:
    for actions in (hub().from_wan(data, 0.0), hub().from_han(data, 0.0)):
        assert reason(actions).startswith(f"not a GBCS message: {len(data)} bytes")


@given(st.binary(max_size=100), st.integers(0, 99), st.integers(0, 255))
def test_no_bytes_raise(data: bytes, position: int, value: int) -> None:
    damaged = bytearray(command(1))
    damaged[position % len(damaged)] = value
    for message in (data, bytes(damaged), bytes(damaged) + data):
        for actions in (hub().from_wan(message, 0.0), hub().from_han(message, 0.0)):
            assert len(actions) == 1


@given(st.integers(0, 70_000))
def test_no_size_raises(size: int) -> None:
    message = command(1)[:60] + bytes(size)
    (action,) = hub().from_wan(message, 0.0)
    assert isinstance(action, Refused) == (len(message) > 1200)


def test_a_full_buffer_refuses_by_messages_or_bytes() -> None:
    by_count = hub(buffer_messages=2)
    assert all(isinstance(by_count.from_wan(command(n), 0.0)[0], ToHan) for n in (1, 2))
    assert reason(by_count.from_wan(command(3), 0.0)) == "hub buffer full: 2 messages wait"
    by_count.from_han(response(1), 1.0)
    assert isinstance(by_count.from_wan(command(3), 1.0)[0], ToHan)
    size = len(command(1))
    by_size = hub(buffer_bytes=2 * size)
    assert all(isinstance(by_size.from_wan(command(n), 0.0)[0], ToHan) for n in (1, 2))
    assert reason(by_size.from_wan(command(3), 0.0)) == f"hub buffer full: {2 * size} of {2 * size} bytes are taken"


def test_the_same_command_again_is_passed_on_and_keeps_one_place() -> None:
    box = hub()
    for _ in range(3):
        assert isinstance(box.from_wan(command(1), 0.0)[0], ToHan)
    assert len(box.buffer) == 1 and box.buffer.size == len(command(1))
    for _ in range(2):
        assert isinstance(box.from_han(response(1), 1.0)[0], ToWan)
    assert len(box.buffer) == 0 and box.buffer.size == 0


def test_commands_without_an_answer_lose_their_place_in_time() -> None:
    box = hub(buffer_messages=1, answer_wait_s=600)
    box.from_wan(command(1), 0.0)
    assert box.next_deadline() is None
    assert isinstance(box.from_wan(command(2), 599.0)[0], Refused)
    assert isinstance(box.from_wan(command(3), 600.0)[0], ToHan)
    assert isinstance(box.from_han(response(1), 601.0)[0], ToWan)


def test_one_command_at_a_time_in_the_order_they_came() -> None:
    box = hub(outstanding_per_device=1)
    assert box.from_wan(command(1), 0.0) == (ToHan(METER, command(1)),)
    assert box.from_wan(command(2), 1.0) == ()
    assert box.from_wan(command(3), 2.0) == ()
    assert box.from_wan(command(9, GAS), 2.0) == (ToHan(GAS, command(9, GAS)),)
    assert box.from_han(response(1), 3.0) == (ToWan(response(1)), ToHan(METER, command(2)))
    assert box.from_han(response(1), 3.5) == (ToWan(response(1)),)
    assert box.from_han(response(2), 4.0) == (ToWan(response(2)), ToHan(METER, command(3)))
    assert box.from_han(response(3), 5.0) == (ToWan(response(3)),)
    assert len(box.buffer) == 1 and box.next_deadline() is None


def test_a_command_that_is_never_answered_lets_the_next_one_go() -> None:
    box = hub(outstanding_per_device=1, answer_wait_s=600)
    box.from_wan(command(1), 0.0)
    box.from_wan(command(2), 10.0)
    assert box.next_deadline() == 600.0
    assert box.tick(599.0) == ()
    assert box.tick(600.0) == (ToHan(METER, command(2)),)
    assert box.next_deadline() is None


def test_a_command_that_waits_too_long_is_refused() -> None:
    box = hub(outstanding_per_device=1, answer_wait_s=1000, queue_wait_s=60)
    box.from_wan(command(1), 0.0)
    box.from_wan(command(2), 10.0)
    assert box.next_deadline() == 70.0
    (refused,) = box.tick(70.0)
    assert refused == Refused("waited 60 s in the hub for its turn", command(2))
    assert len(box.buffer) == 1 and box.next_deadline() is None


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([METER, GAS]), st.sampled_from("wht")), max_size=40))
def test_every_command_is_passed_on_refused_or_waits_and_the_books_balance(
    steps: list[tuple[int, bytes, str]],
) -> None:
    box, now, seen, passed = hub(outstanding_per_device=1, buffer_messages=3, queue_wait_s=5), 0.0, 0, 0
    for counter, device, step in steps:
        now += 1.0
        if step == "w":
            seen += 1
            actions = box.from_wan(command(counter, device), now)
        else:
            actions = box.tick(now) if step == "t" else box.from_han(response(counter, device), now)
        passed += sum(isinstance(action, ToHan | Refused) for action in actions)
        assert len(box.buffer) <= 3
        assert box.buffer.size == len(box.buffer) * len(command(0))
    for late in range(1, 10):
        passed += len(box.tick(now + 10_000.0 * late))
    assert passed == seen
    assert len(box.buffer) == 0 and box.buffer.size == 0


def test_limits_are_stated() -> None:
    stated = {one.name: one for one in HubLimits().assumptions()}
    assert stated["comms_hub.message_bytes"].value == "value 1200"
    assert stated["comms_hub.buffer_messages"].confidence == "A"


def block(cra: Cra, number: int, *, from_meter: bool, data: bytes = b"data") -> bytes:
    ends = (METER, REMOTE) if from_meter else (REMOTE, METER)
    return GbtBlock(cra, 7, *ends, 0x37, 0x46, number, 0, data).encode()


def test_blocks_of_a_command_pass_as_they_are_and_share_a_place() -> None:
    box = hub(buffer_messages=1)
    for number in (1, 2, 3):
        data = block(Cra.COMMAND, number, from_meter=False)
        assert box.from_wan(data, 0.0) == (ToHan(METER, data),)
    ack = block(Cra.COMMAND, 0, from_meter=True, data=b"")
    assert box.from_han(ack, 1.0) == (ToWan(ack),)
    assert len(box.buffer) == 1


def test_blocks_of_an_answer_free_the_place_and_their_acknowledgements_take_none() -> None:
    box = hub(buffer_messages=1)
    box.from_wan(command(7), 0.0)
    for number in (1, 2):
        data = block(Cra.RESPONSE, number, from_meter=True)
        assert box.from_han(data, 1.0) == (ToWan(data),)
    ack = block(Cra.RESPONSE, 0, from_meter=False, data=b"")
    assert box.from_wan(ack, 2.0) == (ToHan(METER, ack),)
    assert len(box.buffer) == 0 and box.buffer.size == 0


def test_the_limit_holds_for_each_block() -> None:
    assert isinstance(hub().from_wan(block(Cra.COMMAND, 1, from_meter=False, data=bytes(1149)), 0.0)[0], ToHan)
    refused = hub().from_wan(block(Cra.COMMAND, 1, from_meter=False, data=bytes(1150)), 0.0)
    assert reason(refused).startswith("message of 1,201 bytes is over the 1,200")


def test_the_blocks_of_one_command_do_not_wait_for_each_other() -> None:
    box = hub(outstanding_per_device=1)
    box.from_wan(command(1), 0.0)
    blocks = [block(Cra.COMMAND, number, from_meter=False) for number in (1, 2)]
    assert [box.from_wan(data, 0.0) for data in blocks] == [(), ()]
    assert box.from_han(response(1), 1.0)[1:] == tuple(ToHan(METER, data) for data in blocks)
    third = block(Cra.COMMAND, 3, from_meter=False)
    assert box.from_wan(third, 2.0) == (ToHan(METER, third),)
