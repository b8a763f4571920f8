"""``meterfarm bench``: it measures real reads, the floor has their lengths, and scripts get what they are promised."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from reference_set import rtds_home

from tools import cli
from tools.benchmarks.floor import floor
from tools.benchmarks.reads import ENCRYPTED, PLAIN, Bench, Read, Shape
from tools.benchmarks.rounds import medians_us

KEYS = (
    "crypto_floor_plain_us", "crypto_floor_encrypted_us", "loop_plain_us", "loop_encrypted_us", "run_us_per_read",
    "run_reads_per_s", "bytes_per_premises",
)  # fmt: skip
QUICK = ("--meters", "2", "--rounds", "1", "--premises", "100")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(3)


@pytest.mark.parametrize(
    ("read", "columns"), [(PLAIN, ["active_export", "reactive_export"]), (ENCRYPTED, ["active_import"])]
)
def test_a_measured_read_brings_what_the_meter_holds(bench: Bench, read: Read, columns: list[str]) -> None:
    for number, meter in enumerate(bench.meters):
        rows = bench.read(meter, read).rows
        assert rows is not None and rows[0, 0] == read.first and rows[-1, 0] == read.last
        for column, channel in enumerate(columns, 1):
            held = bench.energies[number].half_hours(channel, read.first, read.last)  # type: ignore[arg-type]
            assert rows[:, column].tolist() == held.tolist()


def test_every_read_is_answered_anew(bench: Bench) -> None:
    meter = bench.meters[0]
    answers = {meter.receive(bench.command(meter, PLAIN).command, PLAIN.now) for _ in range(5)}
    assert len(answers) == 5


def test_the_floor_works_on_the_lengths_of_the_real_messages(bench: Bench) -> None:
    plain, encrypted = bench.shape(PLAIN), bench.shape(ENCRYPTED)
    assert plain.plaintext_bytes is None and plain.response_bytes > 48 * 12
    assert encrypted.plaintext_bytes == 10 + 48 * 8  # structure, compact array with two columns, its length; the rows
    assert encrypted.response_bytes > encrypted.plaintext_bytes > 48 * 8


@pytest.mark.parametrize("plaintext_bytes", [None, 394])
def test_both_ends_of_the_floor_agree(plaintext_bytes: int | None) -> None:
    one = floor(Shape(87, 633, plaintext_bytes))
    for counter in (0, 1, 2**64 - 1):
        one(counter)
    with pytest.raises(OverflowError):
        one(2**64)


def test_rounds_are_interleaved_and_the_first_does_not_count() -> None:
    order: list[str] = []

    def part(name: str) -> Callable[[], int]:
        def run() -> int:
            order.append(name)
            return 1

        return run

    found = medians_us({"a": part("a"), "b": part("b")}, 2, lambda: order.append("|"))
    assert order == ["a", "|", "b", "|"] * 3
    assert set(found) == {"a", "b"} and min(found.values()) > 0


def test_scripts_get_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", *QUICK, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(KEYS) <= set(found) and all(found[key] > 0 for key in KEYS)


def test_people_get_a_table_with_the_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", *QUICK]) == 0
    shown = capsys.readouterr().out
    assert "times the floor" in shown and "codec and cryptography, encrypted" in shown
    assert "{" not in shown


def test_no_meters_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--meters", "0"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_codec_is_measured_on_the_reference_set(capsys: pytest.CaptureFixture[str]) -> None:
    home = rtds_home()
    assert cli.main(["bench", "codec", "--rounds", "1", "--rtds", str(home), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["messages"] > 1_000
    assert found["messages_per_s_structure"] > found["messages_per_s_signatures"] > 0
    assert {"messages_per_s_keys", "messages_per_s_framing"} <= set(found)


def test_what_cannot_be_measured_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "everything"]) == 2
    assert "allowed: reads, codec" in capsys.readouterr().err
    assert cli.main(["bench", "codec", "--rtds", str(tmp_path / "none")]) == 2
    assert "RTDS_HOME" in capsys.readouterr().err
