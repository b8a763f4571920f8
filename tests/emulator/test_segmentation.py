"""Block transfers in a farm: a month of half-hours over a network that loses blocks, and what happens without."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest
from segmented import LongReads, read_days

from emulator.errors import ScenarioError
from emulator.scenario import load_scenario
from emulator.segmentation import load_segmentation_parameters
from gbcs.framing import decode, decode_gbt_block
from gbcs.gbt import is_block

CALM = "[faults]\nnatural_outages = false\n"
LOSSY = CALM + "message_loss = 0.10\nduplicate = 0.05\nreorder = 0.05\n"


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> LongReads:
    return read_days(tmp_path_factory.mktemp("lossy"), LOSSY, premises=20)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> LongReads:
    text = CALM + "[population]\ntwin_share = 0.0\n[population.wan]\ncsp_north = { cellular_ltem = 1.0 }\n"
    return read_days(tmp_path_factory.mktemp("clean"), text)


def test_a_month_of_half_hours_comes_in_whole_though_a_tenth_of_the_blocks_is_lost(lossy: LongReads) -> None:
    assert len(lossy.finished) > 10
    assert {one.outcome for one in lossy.finished} == {"answered"}
    assert {one.rows for one in lossy.finished} == {31 * 48}
    assert lossy.run.collector.value_mismatches == 0, lossy.run.collector.first_mismatches
    assert lossy.run.collector.values >= len(lossy.finished) * 31 * 48


def test_blocks_were_lost_and_sent_again(lossy: LongReads) -> None:
    came = [decode_gbt_block(data) for _, way, _, data in lossy.messages if way == "up" and is_block(data)]
    numbers = [(block.originator, block.originator_counter, block.block_number) for block in came]
    assert len(numbers) > len(set(numbers)) > 10 * len(lossy.finished)


def test_nothing_on_the_wan_is_longer_than_a_hub_takes(lossy: LongReads) -> None:
    assert max(len(data) for *_, data in lossy.messages) == 1200


def test_the_blocks_of_an_answer_are_as_many_as_its_bytes_need(clean: LongReads) -> None:
    for one in clean.finished:
        blocks = [data for _, way, of, data in clean.messages if way == "up" and of == one.request.id]
        whole = b"".join(decode_gbt_block(data).data for data in sorted(blocks, key=_number))
        response = decode(whole)
        assert response.originator == one.request.device and response.mac is not None
        assert len(blocks) == -(-len(whole) // 1149) == 11
        is_known = response.other.supplementary_id is None
        assert len(whole) == (12_064 if is_known else 12_088)


def _number(data: bytes) -> int:
    return decode_gbt_block(data).block_number


def test_bytes_of_a_read_are_those_that_crossed_the_wan(clean: LongReads) -> None:
    for one in clean.finished:
        carried = {
            way: sum(len(d) for _, w, of, d in clean.messages if (w, of) == (way, one.request.id))
            for way in ("up", "down")
        }
        assert (one.bytes_up, one.bytes_down) == (carried["up"], carried["down"])


def test_the_hash_is_over_blocks_as_they_cross_the_wan(clean: LongReads) -> None:
    assert sha256(b"".join(data for *_, data in clean.messages)).hexdigest() == clean.run.journey.message_sha256
    assert len(clean.messages) == clean.run.journey.messages


def test_without_segmentation_a_month_is_refused_by_name(tmp_path: Path) -> None:
    done = read_days(tmp_path, CALM + "[networks]\nsegmentation = false\n", premises=6)
    assert done.finished and {one.outcome for one in done.finished} == {"failed"}
    assert not any(is_block(data) for *_, data in done.messages)
    with duckdb.connect(str(tmp_path / "results.duckdb"), read_only=True) as store:
        rows = store.execute("SELECT DISTINCT leg, reason FROM reads").fetchall()
    assert {leg for leg, _ in rows} == {"hub"}
    assert all(re.search(r"message of 1[2-9],\d{3} bytes is over the 1,200 that fit without", why) for _, why in rows)


def test_a_transfer_that_gives_up_says_where_its_blocks_were_lost(tmp_path: Path) -> None:
    done = read_days(tmp_path, CALM + "message_loss = 0.75\n", premises=20)
    failed = [one for one in done.finished if one.outcome == "failed"]
    assert failed and len(done.run.kernel) == 0 and done.run.collector.value_mismatches == 0
    with duckdb.connect(str(tmp_path / "results.duckdb"), read_only=True) as store:
        rows = store.execute("SELECT leg, reason FROM reads WHERE outcome = 'failed'").fetchall()
    assert all(leg in ("wan_up", "wan_down") and "message lost (injected fault)" in reason for leg, reason in rows)


def test_commands_that_are_too_long_are_cut_too(tmp_path: Path) -> None:
    """A hub that takes 200 bytes at a time makes blocks of every command and every answer."""
    text = LOSSY + "[networks.overrides]\ncomms_hub = { message_bytes = { value = 200 } }\n"
    done = read_days(tmp_path, text, days=1, premises=12)
    assert {one.outcome for one in done.finished} == {"answered"} and done.run.collector.value_mismatches == 0
    assert max(len(data) for *_, data in done.messages) <= 200
    ways = {way for _, way, _, data in done.messages if is_block(data)}
    assert ways == {"up", "down"}


def test_same_seed_same_blocks(tmp_path: Path) -> None:
    hashes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        hashes.append(read_days(tmp_path / name, LOSSY, days=4, premises=6).run.journey.message_sha256)
    assert hashes[0] == hashes[1]


def test_parameters_and_what_the_codec_assumes_are_stated() -> None:
    stated = {one.name: one for one in load_segmentation_parameters().assumptions()}
    assert stated["gbt.window"].confidence == "A" and stated["gbt.streaming"].confidence == "A"
    assert stated["gbt.block_bytes"].confidence == "M"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[networks]\nsegmentation = 1\n", "key networks.segmentation: "),
        ("[networks.overrides]\ngtb = {}\n", "gbt"),
    ],
)
def test_mistakes_in_a_scenario_are_named(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=what):
        load_scenario(file)


def test_a_wrong_override_is_named_with_its_key() -> None:
    with pytest.raises(
        ScenarioError, match=r"key networks.overrides.gbt.windows: is not known \(allowed: block_bytes, window"
    ):
        load_segmentation_parameters({"gbt": {"windows": {"value": 3}}})
