"""A meter loaded from what was captured of it answers what nobody asked in the capture, as the meter itself would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from farm_run import Finished, carry_out
from one_meter import (
    FIRST,
    KEYS,
    LAST,
    MDR,
    METER,
    NOW,
    OPERATOR,
    OTHER_MDR,
    STRANGER,
    Asker,
    energy,
    meter,
    values,
)  # fmt: skip

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.device.policy import Discard
from emulator.esme.live import LiveObjects
from emulator.recorded import Captured, RecordedDevice, exchanges_of, record_devices
from gbcs.catalogue import by_use_case
from gbcs.dlms import ResultCode
from gbcs.framing import decode
from gbcs.gbt.blocks import TransferId, block, segment
from gbcs.keystore import KeyStore
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S


class Bench:
    """A meter, all that was asked of it, and the device loaded from that."""

    def __init__(self, *, twin: bool = False) -> None:
        self.asker, self.original = Asker(), meter(LiveObjects(energy(twin=twin)))
        self.frames: list[bytes] = []

    def ask(self, use_case: str, **asked: Any) -> bytes:
        command = self.asker.command(use_case, **asked)
        (answer,) = self.original.receive(command, NOW)
        self.frames += [command, answer]
        return answer

    def recorded(self, keys: Any = KEYS) -> RecordedDevice:
        return record_devices(exchanges_of(self.frames), keys)[METER]


def test_another_window_of_the_same_rows_is_answered_as_the_meter_would() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    recorded = bench.recorded()
    command = bench.asker.command("ECS22b", first=FIRST + 10 * HALF_HOUR_S, last=FIRST + 19 * HALF_HOUR_S)
    assert command not in bench.frames
    (answer,) = recorded.receive(command, NOW)
    assert len(values((answer,)).rows) == 10 and answer not in bench.frames
    assert (answer,) == bench.original.receive(command, NOW)


@pytest.mark.parametrize("twin", [False, True])
def test_windows_of_several_reads_are_one_log(twin: bool) -> None:
    bench = Bench(twin=twin)
    bench.ask("ECS22b", first=FIRST + DAY_S // 2, last=LAST)
    bench.ask("ECS22b", first=FIRST - DAY_S, last=FIRST + 15 * HALF_HOUR_S)
    bench.ask("ECS22b", first=FIRST + 12 * HALF_HOUR_S, last=FIRST + 25 * HALF_HOUR_S)
    command = bench.asker.command("ECS22b", first=FIRST - DAY_S, last=LAST)
    answer = bench.recorded().receive(command, NOW)
    assert len(values(answer).rows) == 96
    assert answer == bench.original.receive(command, NOW)


def test_a_party_that_never_asked_is_answered() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    recorded = bench.recorded()
    for party in (MDR, OTHER_MDR):
        command = bench.asker.command("ECS22b", party=party)
        shown, true = values(recorded.receive(command, NOW)), values(bench.original.receive(command, NOW))
        assert np.array_equal(shown.rows, true.rows) and len(shown.rows) == 48


def test_the_network_operator_among_the_keys_is_known_and_a_second_supplier_is_not() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    bench.ask("ECS22a", originator=OPERATOR)
    recorded = Bench()
    recorded.frames = bench.frames[:2]
    device = recorded.recorded()
    assert device.core is not None and OPERATOR in device.core.parties and STRANGER not in device.core.parties
    assert values(device.receive(bench.asker.command("ECS22b", originator=OPERATOR), NOW)).code == 0


def test_registers_stay_as_they_were_read_last() -> None:
    bench = Bench()
    bench.ask("ECS17b")
    command = bench.asker.command("ECS17b")
    assert (
        values(bench.recorded().receive(command, NOW)).registers
        == values(bench.original.receive(command, NOW)).registers
    )


def test_what_was_not_captured_is_not_made_up() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    recorded = bench.recorded()
    beyond = values(recorded.receive(bench.asker.command("ECS22b", first=LAST + 1, last=LAST + DAY_S), NOW))
    assert beyond.code == 0 and len(beyond.rows) == 0
    assert values(recorded.receive(bench.asker.command("ECS21a"), NOW)).code == ResultCode.OBJECT_UNDEFINED
    (covered,) = recorded.coverage()
    assert (covered.rows, covered.first, covered.last) == (48, FIRST, LAST)


def test_counters_of_the_capture_are_used_up_and_the_devices_own_rise() -> None:
    bench = Bench()
    asked = bench.ask("ECS22b", party=MDR)
    recorded = bench.recorded()
    assert recorded.core is not None
    assert recorded.receive(bench.frames[0], NOW) == ()
    assert recorded.core.discarded == {Discard.REPLAY: 1}
    (answer,) = recorded.receive(bench.asker.command("ECS22b", party=MDR), NOW)
    before, after = (decode(one).other.supplementary_originator_counter for one in (asked, answer))
    assert before is not None and after is not None and after > before


def test_blocks_and_resends_make_one_exchange() -> None:
    bench = Bench()
    answer = bench.ask("ECS22b")
    command = bench.frames[0]
    name, code = TransferId.of(decode(answer)), by_use_case("ECS22b").code  # type: ignore[arg-type]
    pieces = segment(answer, 100)
    blocks = [
        block(name, code, 0x80 if number == len(pieces) else 0, number, 0, data)
        for number, data in enumerate(pieces, 1)
    ]
    found = exchanges_of([command, command, *reversed(blocks), *blocks[:2], b"\xdd\x09", b"nothing"])
    assert [one.response for one in found.exchanges] == [answer]
    assert (found.other, found.unanswered, found.unasked) == (3, 0, 0)


def test_what_has_no_counterpart_is_counted() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    command, answer = bench.frames
    assert exchanges_of([command]).unanswered == 1
    assert exchanges_of([answer]).unasked == 1


# ---------------------------------------------------------------------- foreign keys


def foreign() -> SeededKeyStore:
    """The keys of another farm, of the same names."""
    return SeededKeyStore(12, dict(KEYS.parties()))  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [KeyStore(), foreign()])
def test_with_foreign_keys_only_the_very_requests_are_answered_and_the_reason_is_there(keys: KeyStore) -> None:
    bench = Bench()
    answer = bench.ask("ECS22b")
    recorded = bench.recorded(keys)
    assert recorded.core is None and recorded.coverage() == () and recorded.reasons
    assert recorded.receive(bench.frames[0], NOW) == (answer,)
    assert recorded.receive(bench.asker.command("ECS22b"), NOW) == ()


def test_an_answer_with_a_wrong_mac_is_no_state() -> None:
    bench = Bench()
    bench.ask("ECS22b")
    bench.ask("ECS17b")
    bench.frames[1] = bench.frames[1][:-1] + bytes((bench.frames[1][-1] ^ 1,))
    recorded = bench.recorded()
    assert recorded.opened == 1 and len(recorded.replayed) == 1
    assert values(recorded.receive(bench.asker.command("ECS22b"), NOW)).code == ResultCode.OBJECT_UNDEFINED


# ---------------------------------------------------------------------- a whole run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return carry_out(tmp_path_factory.mktemp("run"), premises=12)


def test_every_meter_of_a_run_answers_other_windows_and_users_like_itself(run: Finished) -> None:
    farm = run.run.farm
    captured: Captured = exchanges_of(message for *_, message in run.messages)
    devices = record_devices(captured, farm.keys)
    assert len(devices) >= 8
    broker = AccessControlBroker(DCC_ACB, farm.keys, OriginatorCounters())
    users = {party.role: party.eui for party in run.run.population.parties()}
    compared = 0
    for premises in range(12):
        original = farm.meter(premises)
        device = devices.get(original.eui)
        covered = [one for one in device.coverage() if one.log == "0-0:99.1.0.255"] if device is not None else []
        if device is None or not covered:
            continue
        last = covered[0].last
        now = run.run.kernel.now + 10 * DAY_S
        sent = broker.command(
            by_use_case("ECS22b"), "MDR", users["MDR"], original.eui, now, last - 5 * HALF_HOUR_S, last
        )
        (shown,), (true,) = device.receive(sent.command, now), original.receive(sent.command, now)
        rows = broker.open(shown, sent).rows
        assert rows is not None and len(rows) == 6
        assert np.array_equal(rows, broker.open(true, sent).rows)
        compared += 1
    assert compared >= 6
