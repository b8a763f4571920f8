"""``meterfarm rtds``: counts pinned on the reference set, and a set of our own whose mistakes must all be found."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutations import flipped
from one_meter import MDR, NOW, READERS, Asker, meter
from reference_set import rtds_home
from shell import meterfarm

SETTLEMENT_PAIRS = 12


@pytest.fixture
def own_set(tmp_path: Path) -> Path:
    """A set of our own in the shape of the reference set: every settlement read, once more through the broker."""
    assert meterfarm("keys", "new", str(tmp_path / "keystore"), "--seed", "11", "--devices", "1").code == 0
    asker = Asker()
    for use_case, party in [*((name, None) for name in READERS), ("ECS22b", MDR)]:
        command = asker.command(use_case, party=party)
        pair = {"COMMAND": command, "RESPONSE": meter().receive(command, NOW)[0]}
        folder = tmp_path / "RTDS-own" / f"0_{use_case}"
        folder.mkdir(parents=True, exist_ok=True)
        for kind, data in pair.items():
            (folder / f"{use_case}_{'URP' if party else 'SINGLE'}_{kind}_GBCS.HEX").write_text(data.hex())
    return tmp_path


def change(file: Path, bit: int) -> None:
    data = bytes.fromhex(file.read_text())
    file.write_text(flipped(data, bit % (8 * len(data))).hex())


# ---------------------------------------------------------------------- the reference set


def test_the_reference_set_parses_rebuilds_and_verifies() -> None:
    ended = meterfarm("rtds", "check", str(rtds_home()), "--json")
    shown = ended.json()
    assert ended.code == 0 and shown["failures"] == []
    assert (shown["messages"], shown["parsed"], shown["rebuilt"]) == (1014, 1014, 1014)
    assert {key: shown["mac"][key] for key in ("checked", "valid")} == {"checked": 649, "valid": 649}
    assert {key: shown["signature"][key] for key in ("checked", "valid")} == {"checked": 374, "valid": 374}


def test_an_emulated_device_answers_the_reference_set() -> None:
    ended = meterfarm("rtds", "answer", str(rtds_home()), "--json")
    shown = ended.json()
    assert ended.code == 0 and shown["failures"] == []
    settlement = [shown["use_cases"][name] for name in READERS]
    assert sum(one["pairs"] for one in settlement) == sum(one["identical"] for one in settlement) == SETTLEMENT_PAIRS
    assert shown["surplus_rows"] >= 30


def test_the_tables_name_every_use_case() -> None:
    home = str(rtds_home())
    for verb in ("check", "answer"):
        ended = meterfarm("rtds", verb, home)
        assert ended.code == 0 and all(name in ended.out for name in READERS)


# ---------------------------------------------------------------------- a set of our own


def test_a_good_set_passes(own_set: Path) -> None:
    checked = meterfarm("rtds", "check", str(own_set), "--json")
    assert checked.code == 0
    assert {key: checked.json()[key] for key in ("messages", "parsed", "rebuilt", "failures")} == {
        "messages": 16, "parsed": 16, "rebuilt": 16, "failures": [],
    }  # fmt: skip
    assert checked.json()["mac"]["valid"] == 16
    answered = meterfarm("rtds", "answer", str(own_set), "--json")
    assert answered.code == 0
    assert (answered.json()["pairs"], answered.json()["identical"]) == (8, 8)


@pytest.mark.parametrize("bit", [-1, 8 * 90, 8 * 70])
def test_a_changed_bit_fails_the_check_and_names_its_file(own_set: Path, bit: int) -> None:
    file = own_set / "RTDS-own" / "0_ECS22a" / "ECS22a_SINGLE_RESPONSE_GBCS.HEX"
    change(file, bit)
    ended = meterfarm("rtds", "check", str(own_set), "--json")
    assert ended.code == 1
    assert [failure["file"] for failure in ended.json()["failures"]] == ["0_ECS22a/ECS22a_SINGLE_RESPONSE_GBCS.HEX"]
    assert ended.err.splitlines()[-1] == "error: 1 failures"


def test_an_answer_that_differs_is_found(own_set: Path) -> None:
    change(own_set / "RTDS-own" / "0_ECS22a" / "ECS22a_SINGLE_RESPONSE_GBCS.HEX", -1)
    ended = meterfarm("rtds", "answer", str(own_set), "--json")
    assert ended.code == 1 and ended.json()["identical"] == 7
    (failure,) = ended.json()["failures"]
    assert failure["file"].endswith("ECS22a_SINGLE_COMMAND_GBCS.HEX") and failure["reason"]


def test_a_command_that_nobody_would_answer_is_found(own_set: Path) -> None:
    change(own_set / "RTDS-own" / "0_ECS22b" / "ECS22b_URP_COMMAND_GBCS.HEX", -1)
    ended = meterfarm("rtds", "answer", str(own_set), "--json")
    assert ended.code == 1 and len(ended.json()["failures"]) == 1


def test_a_lost_key_is_counted_and_not_passed_off_as_checked(own_set: Path) -> None:
    (own_set / "keystore" / "024d460000000001-ka.key").unlink()
    (own_set / "keystore" / "024d460000000001-ka.pem").unlink()
    shown = meterfarm("rtds", "check", str(own_set), "--json").json()
    assert shown["mac"]["checked"] == 0 and len(shown["no_key"]) == 16


@pytest.mark.parametrize("verb", ["check", "answer"])
def test_what_is_no_reference_set_is_one_line(verb: str, tmp_path: Path) -> None:
    ended = meterfarm("rtds", verb, str(tmp_path / "nowhere"))
    assert ended.code == 2 and f"{tmp_path / 'nowhere'}" in ended.error()
    assert meterfarm("keys", "new", str(tmp_path / "keystore"), "--seed", "11").code == 0
    ended = meterfarm("rtds", verb, str(tmp_path))
    assert ended.code == 2 and "holds no reference messages" in ended.error()
    (tmp_path / "RTDS-1").mkdir()
    (tmp_path / "RTDS-1" / "X_COMMAND.HEX").write_text("no hex")
    ended = meterfarm("rtds", verb, str(tmp_path))
    assert ended.code == 2 and "X_COMMAND.HEX is no hex" in ended.error()


def test_a_set_without_settlement_pairs_does_not_pass_as_answered(own_set: Path) -> None:
    for file in (own_set / "RTDS-own").rglob("*RESPONSE*"):
        file.unlink()
    assert meterfarm("rtds", "answer", str(own_set), "--json").code == 1
