from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from device_in_thread import EUI, Answers, DeviceInThread, answering
from farm_run import Finished, carry_out
from slots import RIG, SECONDS

from emulator.device.alerts import Alert, DlmsAlert
from emulator.errors import ScenarioError
from emulator.esme.esme import Esme
from emulator.population import populate
from emulator.run import SettlementRun
from emulator.run_summary import finished
from emulator.scenario import dump, load_scenario
from gbcs import eui64


def scenario_with(tmp_path: Path, text: str, **overrides: Any) -> Any:
    file = tmp_path / "scenario.toml"
    file.write_text('name = "test"\n' + text, encoding="utf-8")
    return load_scenario(file, **overrides)


def mixed(
    tmp_path: Path, answers: Answers = answering, age_days: float = 1_000.0
) -> tuple[SettlementRun, DeviceInThread]:
    """A run with the device of a rig in premises 2, carried out."""
    scenario = scenario_with(tmp_path, SECONDS + RIG)
    with DeviceInThread(scenario, answers=answers, age_days=age_days).running() as device:
        run = SettlementRun(scenario, tmp_path, devices={"bench-3": device})
        run.execute()
        run.close()
    return run, device


def outcomes(run: SettlementRun, premises: str) -> list[tuple[str, str, str]]:
    sql = f"SELECT DISTINCT outcome, leg, reason FROM reads WHERE premises {premises} ORDER BY ALL"
    return run.store.query(sql)


Run = tuple[SettlementRun, DeviceInThread]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return mixed(tmp_path_factory.mktemp("mixed"))


def test_a_real_device_is_read_like_its_neighbours(good: Run) -> None:
    run, device = good
    assert outcomes(run, ">= 0") == [("answered", "", "")]
    rows = run.store.query(
        "SELECT v.stamp, v.value FROM values_read v WHERE premises = 2 AND channel = 'active_import'"
    )
    assert len(rows) >= 48
    assert run.collector.value_mismatches == 0
    assert run.store.query("SELECT DISTINCT device FROM reads WHERE premises = 2") == [(eui64.show(EUI),)]
    (told,) = finished(run, 1.0)["rigs"]
    assert told["values"] == "not checked against the meter's memory: values came from rig bench-3"
    assert told["reads"] == told["answered"] == len(device.asked) > 0 and told["lost"] == ""


def test_its_values_are_its_own_and_complete(good: Run) -> None:
    run, device = good
    rows = run.store.query(
        "SELECT DISTINCT epoch(stamp)::BIGINT, value FROM values_read"
        " WHERE premises = 2 AND channel = 'active_import' ORDER BY 1"
    )
    first, last = (int(at) - 946_684_800 for at in (rows[0][0], rows[-1][0]))
    assert [value for _, value in rows] == device.energy.half_hours("active_import", first, last).tolist()
    complete = run.store.query("SELECT expected, present FROM completeness WHERE granularity = 'half_hourly'")
    assert complete and all(expected == present for expected, present in complete)


def test_no_key_of_the_farm_reaches_the_device(good: Run) -> None:
    run, device = good
    assert not device.meter.discarded
    assert run.farm.keys.shared_secret(EUI, run.farm.acb) != device.meter.keys.shared_secret(EUI, run.farm.acb)


def test_a_lost_rig_ends_its_own_reads_alone(tmp_path: Path) -> None:
    def unplugged(meter: Esme, message: bytes, now: float) -> list[bytes]:
        test.lost("the port is gone")
        return []

    scenario = scenario_with(tmp_path, SECONDS + RIG)
    test = DeviceInThread(scenario, answers=unplugged)
    with test.running():
        run = SettlementRun(scenario, tmp_path, devices={"bench-3": test})
        run.execute()
        run.close()
    assert outcomes(run, "= 2") == [("failed", "rig", "rig bench-3 was lost: the port is gone")]
    assert outcomes(run, "<> 2") == [("answered", "", "")]
    assert {gap["leg"] for gap in run.store.gap_list()} == {"rig"}
    assert finished(run, 1.0)["rigs"][0]["lost"] == "rig bench-3 was lost: the port is gone"


def test_a_device_that_hangs_is_named(tmp_path: Path) -> None:
    run, device = mixed(tmp_path, lambda *_: [])
    (told,) = outcomes(run, "= 2")
    assert told == ("failed", "rig", "no answer after 2 attempts: rig bench-3: its device did not answer")
    assert outcomes(run, "<> 2") == [("answered", "", "")]
    assert len(device.asked) == 2 * finished(run, 1.0)["rigs"][0]["reads"]


def test_rows_that_the_device_lacks_are_gaps_of_its_own(tmp_path: Path) -> None:
    run, _ = mixed(tmp_path, age_days=1.25)
    assert run.collector.value_mismatches == 0
    assert {(gap["premises"], gap["leg"], gap["reason"]) for gap in run.store.gap_list()} == {
        (2, "esme", "rig bench-3: its device answered without this row")
    }


def test_alerts_and_strange_bytes_of_a_device_are_counted(tmp_path: Path) -> None:
    def chatty(meter: Esme, message: bytes, now: float) -> list[bytes]:
        alert = Alert(0x0018, meter.acb, DlmsAlert(0x8F12, int(now), ()))
        return [meter.send(alert), b"noise", *meter.receive(message, now)]

    run, device = mixed(tmp_path, chatty)
    assert outcomes(run, "= 2") == [("answered", "", "")]
    assert finished(run, 1.0)["rigs"][0]["unasked_messages"] == 2 * len(device.asked)


def test_emulated_slots_change_nothing(tmp_path: Path) -> None:
    few = "premises = 6\npopulation.smets1_share = 0.0\ndemand.on_demand_flood = []\n"
    runs: list[Finished] = []
    for number, text in enumerate((few, few + '[[slot]]\npremises = 2\ndevice = "emulated"\n')):
        folder = tmp_path / str(number)
        folder.mkdir()
        runs.append(carry_out(folder, text))
    assert len({each.run.journey.message_sha256 for each in runs}) == 1
    assert "rigs" not in finished(runs[1].run, 1.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[slot]]\npremises = 2\nrig = "b"', "clock: real devices need real time: write real, not virtual (rigs: b)"),
        ('clock = "scaled=2"\n[[slot]]\npremises = 2\nrig = "b"', "key clock: real devices need real time"),
        ('clock = "real"\npremises = 2\n[[slot]]\npremises = 2\nrig = "b"', "key slot[1].premises: 2 is none of the 2"),
        ('[[slot]]\npremises = 2', 'key slot[1]: say either device = "emulated" or rig = "NAME"'),
        ('[[slot]]\npremises = 2\nrig = "b"\ndevice = "emulated"', "key slot[1]: say either"),
        ('[[slot]]\npremises = 2\ndevice = "real"', "key slot[1].device: 'real' is not known (allowed: emulated)"),
        ('[[slot]]\npremises = 1\ndevice = "emulated"\n' * 2, "key slot[2].premises: 1 has a slot already"),
        ('clock = "real"\n[[slot]]\npremises = 1\nrig = "b"\n[[slot]]\npremises = 2\nrig = "b"', "b stands in another"),
        ('head_end = "external"', "key clock: an external head-end needs a clock that it can share"),
        ('head_end = "none"', "key head_end: 'none' is not known (allowed: emulated, external)"),
    ],
)  # fmt: skip
def test_a_slot_that_cannot_be_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario_with(tmp_path, text)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_rig_that_nobody_opened_and_a_smets1_premises_are_named(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, SECONDS + RIG)
    with pytest.raises(ScenarioError, match="rig bench-3 is not open"):
        SettlementRun(scenario, tmp_path)
    smets1 = scenario_with(tmp_path, SECONDS.replace("smets1_share = 0.0", "smets1_share = 1.0") + RIG)
    with pytest.raises(ScenarioError, match="premises 2 is a SMETS1 one"):
        SettlementRun(smets1, tmp_path, devices={"bench-3": DeviceInThread(smets1)})


def test_an_emulated_meter_makes_way_for_a_device_of_its_identifier(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, SECONDS + RIG)
    device, before = DeviceInThread(scenario), populate(scenario)
    device.eui = before.esme(0)
    after = SettlementRun(scenario, tmp_path, devices={"bench-3": device}).population
    assert (after.esme(0), after.esme(2)) == (before.esme(2), before.esme(0))
    assert len(set(after.esme_eui.tolist())) == len(after)


def test_a_scenario_with_slots_reads_back_as_itself(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, SECONDS + RIG)
    again = tmp_path / "again.toml"
    again.write_text(dump(scenario), encoding="utf-8")
    assert load_scenario(again) == scenario and scenario.rigs == {2: "bench-3"}
