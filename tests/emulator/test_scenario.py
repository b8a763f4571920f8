"""Scenario files: what they give, what may replace it, and one line that names file and key for every mistake."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from emulator.errors import ScenarioError
from emulator.scenario import Scenario, dump, load_scenario, shipped
from gbcs.errors import LocalError
from gbcs.times import DAY_S, from_datetime


def written(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def mistake(folder: Path, text: str) -> str:
    """The one line that a file with a mistake gives, without the file's name in front."""
    file = written(folder, text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    line = str(caught.value)
    assert line.startswith(f"scenario {file}: ") and "\n" not in line
    return line.removeprefix(f"scenario {file}: ")


# ---------------------------------------------------------------------- what is right


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_loads_under_its_name(name: str) -> None:
    assert load_scenario(name).name == name


def test_the_default_comes_first_and_without_a_name() -> None:
    assert shipped()[0] == "default"
    assert load_scenario() == load_scenario("default") == load_scenario(None)


@pytest.mark.parametrize("name", shipped())
def test_a_dumped_scenario_reads_back_as_the_same(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name, seed=7)
    assert load_scenario(written(tmp_path, dump(scenario))) == scenario
    assert dump(load_scenario(tmp_path / "own.toml")) == dump(scenario)


def test_a_file_states_only_its_differences(tmp_path: Path) -> None:
    own = load_scenario(written(tmp_path, 'name = "own"\n[faults]\nmessage_loss = 0.25\n'))
    default = load_scenario()
    assert (own.name, own.faults.message_loss, own.faults.duplicate) == ("own", 0.25, default.faults.duplicate)
    assert own.population == default.population


def test_a_mix_is_replaced_as_a_whole(tmp_path: Path) -> None:
    own = load_scenario(written(tmp_path, "[population.users]\nmdr_agents = { solo = 1 }\n"))
    assert own.population.users.mdr_agents == {"solo": 1.0}
    assert own.population.users.import_suppliers == load_scenario().population.users.import_suppliers


def test_overrides_replace_keys_and_none_counts_as_not_given() -> None:
    scenario = load_scenario("lossy", premises=5, seed=None, date="2026-03-29")
    assert (scenario.premises, scenario.seed, scenario.date) == (5, load_scenario().seed, date(2026, 3, 29))


def test_a_scenario_is_frozen_and_knows_no_defaults_of_its_own() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_scenario().seed = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="Field required"):
        Scenario.model_validate({"name": "x"})


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("D 00:00", 0),
        ("D+0 00:00", 0),
        ("D+1 03:30", DAY_S + 12_600),
        ("D-1 23:59:59", -1),
        ("2026-11-24T03:30:00Z", DAY_S + 12_600),
        ("2026-11-24T04:30:00+01:00", DAY_S + 12_600),
    ],
)
def test_moments_count_from_the_settlement_day_in_utc(moment: str, seconds: int) -> None:
    day = from_datetime(datetime.combine(date(2026, 11, 23), time(), UTC))
    assert load_scenario(date=date(2026, 11, 23)).instant(moment) == day + seconds


# ---------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("premises = 0", "key premises: should be greater than or equal to 1, not 0"),
        ("premises = 1.5", "key premises: should be a valid integer"),
        ('premises = "many"', "key premises: a number is needed, not 'many'"),
        ("premises = true", "key premises: a number is needed, not True"),
        ("seed = -1", "key seed: should be greater than or equal to 0, not -1"),
        ("colour = 1", "key colour: is not known (allowed: name, seed, "),
        ("[population]\nexport = 0.3", "key population.export: is not known (allowed: export_share, "),
        ("[population]\nexport_share = 1.01", "key population.export_share: should be less than or equal to 1"),
        ("[population]\nexport_share = nan", "key population.export_share: "),
        (
            "[population.csp]\ncsp_west = 1.0",
            "key population.csp.csp_west: 'csp_west' is not known (allowed: csp_north",
        ),
        ("[population.csp]\ncsp_north = 0.5", "key population.csp: the shares must add up to 1, they add up to 0.5"),
        ("[population.wan]\ncsp_north = { pigeon = 1 }", "key population.wan.csp_north.pigeon: 'pigeon' is not known"),
        ("[population.wan]\ncsp_south = { smets1_sms = 1 }", "key population.wan.csp_south.smets1_sms: the farm holds"),
        ("[population.variants]\npalace = 1", "key population.variants.palace: 'palace' is not known"),
        (
            "[population.firmware]\nown = 1",
            "key population.firmware.own: 'own' is not known (allowed: smets2-reference",
        ),
        ("population = 7", "key population: a table is needed, not 7"),
        ("[population]\nusers = []", "key population.users: a table is needed, not []"),
        ("outage = 7", "key outage: a list is needed, not 7"),
        ("[[outage]]\nshare = 0.1\nfrom = 'D+1 01:00'", "key outage[1].to: is missing"),
        ("[[outage]]\nshare = 0.1\nfrom = 'D+1 01:00'\nto = 'D+1 01:00'", "key outage[1].to: D+1 01:00 is not after"),
        (
            "[[outage]]\nshare = 0.1\nfrom = 'D+1 25:00'\nto = 'D+2 01:00'",
            "key outage[1].from: 'D+1 25:00' is no moment",
        ),
        (
            "[[outage]]\nkind = 'dsp'\nshare = 0.1\nfrom = 'D+1 01:00'\nto = 'D+2 01:00'",
            "key outage[1].kind: 'dsp' is not known (allowed: hub, base_station)",
        ),
        (
            "[[outage]]\nfrom = 2026-11-24T01:00:00\nto = 'D+2 01:00'\nshare = 1",
            "key outage[1].from: a date-time needs",
        ),
        ('clock = "fast"', "key clock: 'fast' is no clock (allowed: virtual, real, scaled=N with N above 0)"),
        ('clock = "scaled=0"', "key clock: 'scaled=0' is no clock"),
        ("date = 2150-01-01", "key date: 2150-01-01 is outside 2001 to 2100"),
        ('date = "yesterday"', "key date: 'yesterday' is no date (write 2026-11-23)"),
        ('gbcs_version = "9"', "key gbcs_version: '9' is not known (allowed: 4.3, 4.3+MP162)"),
        ("[replay]\nresend = 'never'", "key replay.resend: 'never' is not known (allowed: same_bytes, new_counter)"),
        ("[replay]\ncheck_reads = 1", "key replay.check_reads: "),
        ("[windows]\ncsp_west = {}", "key windows.csp_west: 'csp_west' is not known"),
        ("[[demand.on_demand_flood]]\nat = 'D+1 09:00'\nreads = 0", "key demand.on_demand_flood[1].reads: should be"),
        ('name = ""', "key name: "),
        ("name = ", "is not TOML: "),
        ("seed = 1\nseed = 2", "is not TOML: "),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(text: str, line: str, tmp_path: Path) -> None:
    assert mistake(tmp_path, text).startswith(line)


def test_further_mistakes_are_counted_and_an_unknown_key_goes_first(tmp_path: Path) -> None:
    line = mistake(tmp_path, "premises = 0\ndays = 0\n[faults]\nmessage_los = 0.1\n")
    assert line.startswith("key faults.message_los: is not known") and line.endswith(" (and 2 more)")


def test_a_mistake_on_the_command_line_is_not_put_on_the_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("lossy", premises=0)
    assert str(caught.value).startswith("scenario command line: key premises: ")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml: no such file \(shipped scenarios: default, "):
        load_scenario(tmp_path / "none.toml")
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        load_scenario(tmp_path)
    (tmp_path / "own.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ScenarioError, match="is not UTF-8 text"):
        load_scenario(tmp_path / "own.toml")
    assert issubclass(ScenarioError, LocalError)


NONSENSE: tuple[Any, ...] = ("x", -1, [], {"a": 1})


def places(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a tree of tables and lists."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def test_nonsense_in_any_place_is_right_or_one_line_that_names_the_key(tmp_path: Path) -> None:
    whole = tomllib.loads(dump(load_scenario("lossy")))
    refused = 0
    for place in places(whole):
        for nonsense in NONSENSE:
            tree = copy.deepcopy(whole)
            inner = tree
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = nonsense
            try:
                load_scenario(written(tmp_path, tomli_w.dumps(tree)))
            except ScenarioError as error:
                line, refused = str(error), refused + 1
                assert line.startswith(f"scenario {tmp_path / 'own.toml'}: key {place[0]}") and "\n" not in line
    assert refused > 200
