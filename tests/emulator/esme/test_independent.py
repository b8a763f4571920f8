"""A second reader, which shares no line with the product, finds in every answer what the meter holds."""

from __future__ import annotations

import independent
import pytest
from one_meter import DAY, FIRST, KEYS, LAST, MDR, NOW, READERS, REGISTERS, Asker, energy, meter, values

from emulator.esme.live import LiveObjects
from gbcs.times import DAY_S


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize(("use_case", "party"), [*((name, None) for name in READERS), ("ECS22b", MDR), ("ECS21a", MDR)])
def test_both_readers_find_the_same(use_case: str, party: bytes | None, twin: bool) -> None:
    answers = meter(LiveObjects(energy(twin=twin))).receive(Asker().command(use_case, party=party), NOW)
    kind, found = independent.read_response(answers[0], None, KEYS.shared_secret)
    read = values(answers)
    if use_case in REGISTERS:
        assert (kind, found) == ("registers", [tuple(value for value, _, _ in read.registers)])
        return
    assert kind == "rows" and read.rows is not None
    assert found == [tuple(row) for row in read.rows.tolist()] and found


def test_the_second_reader_finds_the_meters_energy() -> None:
    of = energy(21)
    esme, asker = meter(LiveObjects(of)), Asker()
    (answer,) = esme.receive(asker.command("ECS22b", party=MDR), NOW)
    _, rows = independent.read_response(answer, None, KEYS.shared_secret)
    assert [value for _, value in rows] == of.half_hours("active_import", FIRST, LAST).tolist()
    (answer,) = esme.receive(asker.command("ECS66", first=DAY + 1, last=LAST), NOW)
    _, rows = independent.read_response(answer, None, KEYS.shared_secret)
    assert rows == [(LAST, of.day_total("active_import", DAY // DAY_S))]
    (answer,) = esme.receive(asker.command("ECS17b"), NOW)
    _, registers = independent.read_response(answer, None, KEYS.shared_secret)
    assert registers == [(of.register("active_import", NOW), of.register("reactive_import", NOW))]


def test_the_second_reader_sees_refusals_and_wrong_macs() -> None:
    (answer,) = meter().receive(Asker().command("ECS17a", originator=READERS["ECS22b"]), NOW)
    assert independent.read_response(answer, None, KEYS.shared_secret) == ("error", [(3,)])
    with pytest.raises(AssertionError):
        independent.read_response(answer[:-1] + bytes([answer[-1] ^ 1]), None, KEYS.shared_secret)
