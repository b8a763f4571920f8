"""GBZ components: known answers, the fused code against Construct, controls and values that do not fit together."""

from __future__ import annotations

import random
from dataclasses import replace

import payload_samples as samples
import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret
from mutations import mutated

from gbcs.errors import DecodeError, LocalError
from gbcs.gbz import AttributeRecord, Component, Encrypted, GbzPayload, Zcl, attribute_name, cluster_name
from gbcs.gbz.components import GBZ_PAYLOAD, decode_gbz, decode_zcl, encode_gbz
from gbcs.gbz.layouts import RAW


def zcl(component: Component) -> Zcl:
    assert isinstance(component.payload, Zcl)
    return component.payload


def test_a_price_matrix_reads_as_one() -> None:
    read, prices = decode_gbz(samples.GBZ["commands"]).components
    assert zcl(read)["attributes"] == ((0,), (0x0300,))
    assert attribute_name(read.cluster, 0x0300) == "unit of measure" and cluster_name(read.cluster) == "metering"
    assert zcl(prices).layout.name == "publish price matrix"
    assert zcl(prices)["issuer_tariff_id"] == 7 and zcl(prices)["start_time"] == 0x30F2D480
    assert zcl(prices)["prices"] == ((1, 1000), (2, 2000))
    assert prices.from_date_time == 0x30F2D480 and read.from_date_time is None


def test_a_byte_counts_the_thresholds_behind_it() -> None:
    (component,) = decode_gbz(samples.GBZ["thresholds"]).components
    assert zcl(component)["tiers"] == ((0x12, (10, 0xFFFF_FFFF_FFFF)),)


def test_attributes_come_with_type_and_value_or_with_a_status() -> None:
    answers, default = decode_gbz(samples.GBZ["answers"]).components
    assert zcl(answers)["attributes"] == (
        AttributeRecord(0x0000, 0, 0x25, 0xFF_0504030201),
        AttributeRecord(0x0300, 0xC0),
        AttributeRecord(0x0307, 0, 0x41, b"abc"),
        AttributeRecord(0x0301, 0, 0x22, 1000),
    )
    assert (zcl(default)["command"], zcl(default)["status"]) == (6, 0x8B)


def test_an_unknown_command_keeps_its_bytes_and_an_encrypted_one_its_blob() -> None:
    (unknown,) = decode_gbz(samples.GBZ["unknown"]).components
    assert zcl(unknown).layout is RAW and zcl(unknown)["data"] == bytes.fromhex("deadbeef")
    (encrypted,) = decode_gbz(samples.GBZ["encrypted"]).components
    assert isinstance(encrypted.payload, Encrypted) and len(encrypted.payload.blob) == 18
    assert (encrypted.additional_control, encrypted.frame_counter) == (0, 0)


def test_a_snapshot_selects_its_tail() -> None:
    snapshot = decode_zcl(0x0702, 0x19, 0x06, bytes.fromhex(samples.SNAPSHOT.replace(" ", "")))
    assert snapshot["snapshot_cause"] == 8 and snapshot["tier_summations"] == (0x6C, 0xEA)
    assert snapshot["block_summations"] == ((0x4A,), (0x30,))
    assert snapshot.tail is not None and snapshot.tail.layout.names[0] == "current_summation"
    with pytest.raises(KeyError):
        snapshot["no_such_field"]


def test_a_payload_that_its_row_does_not_fit_is_kept_as_bytes() -> None:
    for data in (b"", b"\x00", bytes.fromhex("0000000080d4f2300200010800000099")):
        kept = decode_zcl(0x0702, 0x19, 0x06, data)
        assert kept.layout is RAW and kept.encode() == data


@pytest.mark.parametrize("name", samples.GBZ)
def test_fused_and_interpreted_agree_whole_and_mutated(name: str) -> None:
    content, chance = samples.GBZ[name], random.Random(f"gbz {name}")
    assert interpret(GBZ_PAYLOAD, content) == decode_gbz(content)
    assert GBZ_PAYLOAD.build(decode_gbz(content)) == encode_gbz(decode_gbz(content)) == content
    refused = 0
    for _ in range(300):
        data = mutated(chance, content, list(samples.GBZ.values()))
        try:
            value = decode_gbz(data)
        except DecodeError:
            refused += 1
            with pytest.raises(ConstructError):
                interpret(GBZ_PAYLOAD, data)
            continue
        assert interpret(GBZ_PAYLOAD, data) == value
        assert encode_gbz(value) == data
    assert 0 < refused < 300


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("010901", "1 bytes needed"),
        ("010901 04 0702 0003 000000", "unknown component control 0x04"),
        ("010901 01 0702 0004 000000", "needed"),
        ("010901 01 0702 0002 0000", "needed"),
        ("010901 03 0702 0006 0000 180001 00", "needed"),
        ("010901 01 0702 0003 000000 00", "left over"),
        ("010981 01 0702 0003 000000", "not minimal"),
    ],
)
def test_what_is_no_component_is_named(content: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        decode_gbz(bytes.fromhex(content.replace(" ", "")))


def test_control_bits_and_payload_have_to_agree() -> None:
    (encrypted,) = decode_gbz(samples.GBZ["encrypted"]).components
    clear = decode_gbz(samples.GBZ["thresholds"]).components[0]
    wrong = (
        replace(encrypted, control=0x01),
        replace(clear, control=0x03),
        replace(clear, control=0x11),
        replace(clear, payload=Zcl(zcl(clear).layout, (1, 2))),
        replace(clear, cluster=0x1_0000),
        replace(clear, control=0x04),
    )
    for component in wrong:
        with pytest.raises(LocalError):
            encode_gbz(GbzPayload((component,)))


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.integers(0, 0xFF), st.binary(max_size=80))
def test_any_zcl_payload_comes_back(cluster: int, frame_control: int, command: int, data: bytes) -> None:
    assert decode_zcl(cluster, frame_control, command, data).encode() == data
