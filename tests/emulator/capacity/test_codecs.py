"""What real codecs leave of a read and of a day, and what Table 7 becomes with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.capacity.codecs import SHOWN, codec_outcome
from emulator.capacity.compressed import compressed, day_ratio, untrained
from emulator.capacity.demand import make_demand
from emulator.capacity.radio import channels_needed, messages_of, radio_model
from emulator.capacity.scenario import load_capacity_scenario
from emulator.capacity.sizes import exchange
from emulator.capacity.table7 import broken_rows, table7
from emulator.compression.floor import floor_bytes
from gbcs.errors import LocalError

MODEL = radio_model(load_capacity_scenario("C"))


@pytest.mark.parametrize("codec", untrained())
def test_no_codec_goes_below_the_floor_of_an_encrypted_answer(codec: str) -> None:
    made, sent = exchange("4.8.1", "MDR"), compressed(codec, "4.8.1", "MDR")
    assert sent.response >= floor_bytes(made.response, "up")
    assert sent.command >= floor_bytes(made.command, "down")


def test_a_link_that_knows_the_certificate_does_not_send_it_again() -> None:
    ours, alone = compressed("header_context", "4.8.1", "MDR"), compressed("deflate", "4.8.1", "MDR")
    assert ours.command < 40 and alone.command > 450
    assert ours.response / len(exchange("4.8.1", "MDR").response) == pytest.approx(0.76, abs=0.02)


def test_a_codec_that_has_to_be_trained_says_so() -> None:
    with pytest.raises(LocalError, match="has to be trained"):
        compressed("zstd_dictionary", "4.8.1", "IS")


def test_the_ratio_of_a_day_lies_between_its_directions_and_transport_dilutes_it() -> None:
    ratio = day_ratio(make_demand(load_capacity_scenario("C")))
    assert ratio.down < ratio.total < ratio.up < 1
    assert ratio.total < ratio.with_transport < 1


def test_without_settlement_reads_there_is_nothing_to_compress() -> None:
    nothing = {"demand": {"mdr_share": 0.0, "data_reuse_share": 1.0}}
    assert day_ratio(make_demand(load_capacity_scenario("A", nothing))).total == 1.0


def test_header_context_alone_leaves_the_uplink_too_large_for_table_7() -> None:
    outcome = codec_outcome("header_context", MODEL)
    assert all(ratio.total < 0.56 and ratio.up > 0.75 for ratio in outcome.ratios.values())
    assert broken_rows(outcome.verdicts) == ("B/12",), "eight channels where the PIA has four compressed ones"


def test_rows_in_clear_coded_as_well_save_more_than_the_table_says() -> None:
    outcome = codec_outcome("header_context_rows", MODEL)
    assert broken_rows(outcome.verdicts) == ("B/8", "C/12")
    assert all(verdict.words == "8 / 4, No / Yes" for verdict in outcome.verdicts if not verdict.holds)


def test_needs_without_compression_are_those_of_table_7() -> None:
    plain = {verdict.row.name: verdict.plain for verdict in table7(MODEL)}
    for codec in SHOWN[:2]:
        assert {verdict.row.name: verdict.plain for verdict in codec_outcome(codec, MODEL).verdicts} == plain


def test_sizes_by_row_that_are_the_messages_own_change_nothing() -> None:
    demand = make_demand(load_capacity_scenario("B"))
    own = messages_of(demand)
    model = replace(MODEL, message_ratio=1.0)
    for compressed_too in (False, True):
        need = channels_needed(model, own, 12, compressed=compressed_too)
        assert need == pytest.approx(channels_needed(MODEL, own, 12, compressed=False))
    halved = channels_needed(MODEL, own, 12, compressed=False, baseline_ratio=0.5)
    assert halved < channels_needed(MODEL, own, 12, compressed=False)
