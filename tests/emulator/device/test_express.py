"""The express lane is the fast twin of the long way: the same bytes, the same state, whatever comes."""

from __future__ import annotations

import random

import pytest
from one_meter import ACB, DAY, FIRST, KEYS, LAST, MDR, METER, NOW, OPERATOR, OTHER_MDR, PARTIES, READERS, Asker, energy

from emulator.device.express import LANES
from emulator.device.policy import DevicePolicy
from emulator.esme.energy import MeterEnergy
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from gbcs.catalogue import UseCase
from gbcs.dlms import AccessRequest, Choice, RangeSelection, Specification
from gbcs.dlms.access import invoke_id
from gbcs.dlms.data import NULL
from gbcs.framing import Message
from gbcs.payload import encode_payload
from gbcs.times import DAY_S

LOGS = ("ECS21a", "ECS21c", "ECS22a", "ECS22b", "ECS66")


class LongWay(Esme):
    """A meter that never takes the lane, and teaches it nothing."""

    __slots__ = ()

    def read_quickly(self, frame: bytes, now: float) -> bytes | None:
        return None

    def answered(self, frame: bytes, command: Message, use_case: UseCase) -> None:
        return


class Counting(Esme):
    """A meter that counts how often the lane answered."""

    __slots__ = ("quick",)

    def read_quickly(self, frame: bytes, now: float) -> bytes | None:
        answer = super().read_quickly(frame, now)
        self.quick = getattr(self, "quick", 0) + (answer is not None)
        return answer


class Twins:
    """The same meter twice, one on the lane."""

    def __init__(self, *, twin: bool = False, policy: DevicePolicy | None = None) -> None:
        def make(kind: type[Esme]) -> Esme:
            own: MeterEnergy = energy(3, export=True, twin=twin)
            return kind(METER, KEYS, ACB, PARTIES, LiveObjects(own), None, policy, 64)

        self.lane, self.long = make(Counting), make(LongWay)

    def receive(self, frame: bytes, now: float = NOW) -> tuple[bytes, ...]:
        answers = self.lane.receive(frame, now)
        assert answers == self.long.receive(frame, now)
        assert self.lane.discarded == self.long.discarded
        assert self.lane.supplementary_counter == self.long.supplementary_counter
        return answers

    @property
    def quick(self) -> int:
        return self.lane.quick  # type: ignore[attr-defined, no-any-return]


def asked(asker: Asker, use_case: str, party: bytes | None = None, days: int = 1) -> bytes:
    first = FIRST - (days - 1) * DAY_S if use_case.startswith("ECS22") else DAY - days * DAY_S
    return asker.command(use_case, party=party, first=first, last=LAST)


@pytest.mark.parametrize("use_case", LOGS)
@pytest.mark.parametrize("party", [None, MDR, OTHER_MDR])
@pytest.mark.parametrize("twin", [False, True])
def test_the_lane_answers_as_the_long_way_does(use_case: str, party: bytes | None, twin: bool) -> None:
    twins, asker = Twins(twin=twin), Asker()
    for days in (1, 1, 1, 2, 1, 2):
        assert len(twins.receive(asked(asker, use_case, party, days))) == 1
    assert twins.quick >= 3


@pytest.mark.parametrize("use_case", ["ECS17a", "ECS17b"])
def test_registers_go_the_long_way(use_case: str) -> None:
    twins, asker = Twins(), Asker()
    for _ in range(4):
        assert len(twins.receive(asker.command(use_case))) == 1
    assert twins.quick == 0


def test_resends_replays_and_overtaking_are_the_same_on_both_ways() -> None:
    twins, asker = Twins(), Asker()
    frames = [asked(asker, "ECS22b") for _ in range(80)]
    order = [*range(10), 5, 5, 70, 30, 69, 0, 79, 79, 15, 16]
    for number in order:
        twins.receive(frames[number])
    assert twins.quick > 5 and twins.lane.discarded


def test_every_single_bit_flip_is_treated_alike() -> None:
    twins, asker = Twins(), Asker()
    twins.receive(asked(asker, "ECS22b"))
    twins.receive(asked(asker, "ECS22b"))
    frame = asked(asker, "ECS22b")
    for bit in range(8 * len(frame)):
        changed = bytearray(frame)
        changed[bit // 8] ^= 1 << bit % 8
        assert twins.receive(bytes(changed)) == ()
    assert len(twins.receive(frame)) == 1


def test_random_damage_is_treated_alike() -> None:
    twins, asker, dice = Twins(), Asker(), random.Random(5)
    for use_case in LOGS:
        twins.receive(asked(asker, use_case))
    for _ in range(400):
        frame = bytearray(asked(asker, dice.choice(LOGS)))
        at, size = dice.randrange(len(frame)), dice.randrange(1, 9)
        frame[at : at + size] = dice.randbytes(dice.randrange(0, 9))
        twins.receive(bytes(frame))
    assert twins.quick and twins.lane.discarded


def test_a_party_without_permission_gets_the_same_refusal() -> None:
    twins, asker = Twins(), Asker()
    for _ in range(3):
        twins.receive(asker.command("ECS22b"))
        before = twins.quick
        twins.receive(asker.command("ECS21a", originator=OPERATOR))
        assert twins.quick == before


def test_a_log_read_in_clear_that_is_protected_is_refused_on_both_ways() -> None:
    twins, asker = Twins(), Asker()
    twins.receive(asker.command("ECS22b"))
    before = twins.quick
    for _ in range(3):
        profile = Specification(
            Choice.GET_WITH_SELECTION, 7, bytes.fromhex("0000630100ff"), 2, 1, RangeSelection(FIRST, LAST)
        )
        request = AccessRequest(invoke_id(asker.counter + 1), (profile,), (NULL,))
        twins.receive(asker.changed("ECS22b", content=encode_payload(request)))
    assert twins.quick == before


@pytest.mark.parametrize("policy", [DevicePolicy(empty_range_code=4), DevicePolicy(replay_reads=False), DevicePolicy()])
def test_policies_hold_on_the_lane(policy: DevicePolicy) -> None:
    twins, asker = Twins(policy=policy), Asker()
    for _ in range(2):
        frame = asked(asker, "ECS22b")
        twins.receive(frame)
        twins.receive(frame)
    far = asker.command("ECS22b", first=FIRST + 400 * DAY_S, last=LAST + 400 * DAY_S)
    (first,) = twins.receive(far)
    (second,) = twins.receive(asker.command("ECS22b", first=FIRST + 400 * DAY_S, last=LAST + 400 * DAY_S))
    assert len(first) == len(second)


def test_the_lanes_hold_nothing_of_a_device() -> None:
    """A meter with other energy answers its own values on the lane that another one taught."""
    asker = Asker()
    teacher = Esme(METER, KEYS, ACB, PARTIES, LiveObjects(energy(1)))
    for _ in range(2):
        teacher.receive(asker.command("ECS22b"), NOW)
    twins = Twins()
    assert len(twins.receive(asker.command("ECS22b"))) == 1 and twins.quick == 1


def test_readers_are_those_that_the_lane_is_for() -> None:
    assert set(LOGS) <= set(READERS) and LANES is not None
