"""Compression between head-end and hubs in a run: real bytes travel, values stay what they are, layers add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.compression.registry import CODECS as CODECS_BY_NAME
from emulator.errors import ScenarioError
from emulator.run import SettlementRun
from emulator.run_summary import finished
from emulator.scenario import load_scenario
from emulator.scenario_names import NO_COMPRESSION, compressions
from emulator.sm_wan import Layers

CODECS = ("header_context_rows", "zstd_dictionary", "deflate_stream")


def carried_out(folder: Path, compression: str, **overrides: Any) -> tuple[SettlementRun, dict[str, Any]]:
    """A finished run, and what it says of itself."""
    folder.mkdir()
    scenario = load_scenario(
        None, premises=40, networks={"compression": compression}, population={"smets1_share": 0.0}, **overrides
    )
    run = SettlementRun(scenario, folder)
    with run.store:
        run.execute()
        run.close()
        return run, finished(run, 1.0)


def total(layers: list[Layers], name: str) -> float:
    return sum(float(getattr(one, name)) for one in layers)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[SettlementRun, dict[str, Any]]:
    return carried_out(tmp_path_factory.mktemp("plain") / "run", "none")


@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_changes_bytes_and_no_value(
    codec: str, tmp_path: Path, plain: tuple[SettlementRun, dict[str, Any]]
) -> None:
    run, summary = carried_out(tmp_path / "run", codec)
    before, without = plain
    assert summary["value_mismatches"] == 0 and summary["values"] == without["values"] > 1000
    assert summary["reads"] == without["reads"]
    layers = run.journey.wan.layers()
    assert total(layers, "message_bytes") == total(before.journey.wan.layers(), "message_bytes")
    assert total(layers, "datagram_bytes") < 0.95 * total(layers, "message_bytes")
    assert total(layers, "bytes_on_air") < total(before.journey.wan.layers(), "bytes_on_air")
    assert summary["compression"]["codec"] == codec and summary["compression"]["hubs"] > 20
    assert any(one.name == "wan.compression" for one in run.assumptions())


def test_without_a_codec_datagrams_are_the_messages(plain: tuple[SettlementRun, dict[str, Any]]) -> None:
    run, summary = plain
    for layers in run.journey.wan.layers():
        assert (layers.datagrams, layers.datagram_bytes) == (layers.messages, layers.message_bytes)
        assert layers.bytes_on_air > layers.message_bytes * (1 - layers.lost / layers.messages) * 0.8
    assert summary["compression"] == {"codec": "none"}
    han = summary["han"]
    assert han["fragments"] > han["payloads"] > 0 and han["bytes_on_air"] > han["payload_bytes"] + 60 * han["fragments"]


def test_lost_doubled_and_overtaken_datagrams_cost_no_read(tmp_path: Path) -> None:
    faults = {"message_loss": 0.1, "duplicate": 0.1, "reorder": 0.1}
    _, without = carried_out(tmp_path / "none", "none", faults=faults)
    run, summary = carried_out(tmp_path / "codec", "header_context", faults=faults)
    assert summary["value_mismatches"] == 0
    assert summary["reads"]["answered"] >= without["reads"]["answered"] - 1
    assert run.head_end.waiting == 0
    assert total(run.journey.wan.layers(), "lost") > 0


def test_a_scenario_may_name_every_codec_of_the_registry() -> None:
    assert compressions() == (NO_COMPRESSION, *CODECS_BY_NAME)


def test_an_unknown_codec_is_named_with_what_is_allowed() -> None:
    with pytest.raises(ScenarioError, match=r"networks\.compression.*'zip' is not known.*none, header_context"):
        load_scenario(None, networks={"compression": "zip"})
