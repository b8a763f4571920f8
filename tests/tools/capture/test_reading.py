"""Captures there and back: messages, blocks, sleepy devices, and files that are none."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest
import vectors
from block_pair import Pair, message
from captured import GAS, HUB, METER, CapturedHan

from emulator.han.sleepy import Sleepy, TunnelCommand
from gbcs.errors import LocalError
from gbcs.framing import decode_gbt_block
from tools.capture import CaptureReading, keys_file, read_capture, read_keys


def reading(path: Path) -> CaptureReading:
    return read_capture(path, read_keys(keys_file(path)))


def test_every_message_is_read_back_in_order(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    for number, data in enumerate(vectors.messages()):
        ends = (HUB, METER) if number % 2 else (METER, HUB)
        han.send(*ends, data)
    read = reading(han.close())
    assert [one.message for one in read.messages] == list(vectors.messages())
    assert [one.to_server for one in read.messages] == [bool(n % 2) for n in range(len(read.messages))]
    assert [one.aps_bytes for one in read.messages] == [len(carried.payload) for carried in han.carried]
    assert [one.fragments for one in read.messages] == [-(-len(one.payload) // 63) for one in han.carried]
    assert (read.not_decrypted, read.other, read.incomplete) == (0, 0, 0)
    assert [one.sender for one in read.messages] == [carried.source for carried in han.carried]


def test_times_rise_and_lie_within_what_the_emulator_says(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    for data in vectors.messages():
        han.send(HUB, METER, data)
    read = reading(han.close())
    for one, carried in zip(read.messages, han.carried, strict=True):
        assert carried.starts_at - 1e-3 <= one.at - 946_684_800 <= carried.arrives_at
    assert [one.at for one in read.messages] == sorted(one.at for one in read.messages)


def test_blocks_are_read_and_put_together(tmp_path: Path) -> None:
    whole = message(5000)
    han = CapturedHan(tmp_path / "a.pcap")
    for _, sender, data in Pair(seed=3, loss=0.2).run(whole).carried:
        han.send(*((METER, HUB) if sender == 0 else (HUB, METER)), data)
    read = reading(han.close())
    blocks = [one for one in read.messages if not one.blocks]
    [joined] = [one for one in read.messages if one.blocks]
    assert joined.message == whole and joined.blocks == 5
    assert len(blocks) == len(han.carried)
    assert decode_gbt_block(blocks[0].message).block_number == 1


def test_a_sleepy_gas_meter_fetches_and_brings(tmp_path: Path) -> None:
    command, answer = vectors.messages()[:2]
    said = [
        (GAS, HUB, Sleepy(TunnelCommand.GET)),
        (HUB, GAS, Sleepy(TunnelCommand.GET_RESPONSE, command, 2)),
        (GAS, HUB, Sleepy(TunnelCommand.PUT, answer)),
        (GAS, HUB, Sleepy(TunnelCommand.GET)),
        (HUB, GAS, Sleepy(TunnelCommand.GET_RESPONSE)),
    ]
    han = CapturedHan(tmp_path / "a.pcap")
    for source, destination, what in said:
        han.send(source, destination, what.encode())
    read = reading(han.close())
    assert [one.header for one in read.messages] == [what for *_, what in said]
    assert [one.message for one in read.messages] == [b"", command, answer, b"", b""]
    assert [one.to_server for one in read.messages] == [True, False, True, True, False]


def test_the_keys_are_the_owner_s_alone_and_without_them_nothing_is_read(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    han.send(HUB, METER, vectors.messages()[0])
    path = han.close()
    assert stat.S_IMODE(keys_file(path).stat().st_mode) == 0o600
    read = read_capture(path, ())
    assert read.messages == [] and read.not_decrypted == read.frames > 4
    keys = {han.air.keys(HUB, HUB, METER).network, han.air.keys(HUB, HUB, METER).link}
    assert set(read_keys(keys_file(path))) == keys


def test_a_tunnel_is_opened_once_before_its_first_message(tmp_path: Path) -> None:
    one, two = CapturedHan(tmp_path / "a.pcap"), CapturedHan(tmp_path / "b.pcap")
    one.send(HUB, METER, b"\xdd\x00")
    for _ in range(3):
        two.send(HUB, METER, b"\xdd\x00")
    first, third = reading(one.close()).frames, reading(two.close()).frames
    assert (first, third) == (4 + 2, 4 + 3 * 2)


def test_other_clusters_are_written_and_not_taken_for_messages(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    han.payload(HUB, METER, b"\x00\x01\x00", cluster=0x0702)
    read = reading(han.close())
    assert read.frames == 2 and read.messages == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('"00","Normal","x"', "line 1: a key of 16 bytes"),
        (f'"{"00" * 16}","Sideways","x"', "line 1: a key of 16 bytes and Normal or Reverse"),
        ("zz", 'line 1: write "KEY IN HEX"'),
        (f'# note\n"{"0g" * 16}","Normal","x"', "line 2: write"),
    ],
)
def test_a_mistake_in_a_key_file_is_named_with_its_line(tmp_path: Path, line: str, what: str) -> None:
    file = tmp_path / "keys"
    file.write_text(line, encoding="ascii")
    with pytest.raises(LocalError, match=what):
        read_keys(file)


def test_keys_may_have_colons_and_the_other_order(tmp_path: Path) -> None:
    key = bytes(range(16))
    file = tmp_path / "keys"
    file.write_text(f'"{key.hex(":")}","Normal","a"\n"{key[::-1].hex()}","Reverse","same"\n', encoding="ascii")
    assert read_keys(file) == (key,)


def test_what_is_no_capture_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "x.pcap"
    for content in (b"", b"\xd4\xc3\xb2\xa1", b"hello" * 20):
        file.write_bytes(content)
        with pytest.raises(LocalError, match="is no capture file"):
            read_capture(file, ())
    file.write_bytes(bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"))
    with pytest.raises(LocalError, match=r"link type 1, not 802\.15\.4 with FCS"):
        read_capture(file, ())
    with pytest.raises(LocalError, match="No such file"):
        read_capture(tmp_path / "none", ())
    with pytest.raises(LocalError, match="No such file"):
        read_keys(tmp_path / "none")


def test_damaged_captures_give_what_is_whole_or_the_package_s_own_error(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    for data in vectors.messages()[:3]:
        han.send(HUB, METER, data)
    good, keys, chance = han.close().read_bytes(), read_keys(keys_file(han.path)), random.Random("damage")
    outcomes = set()
    for _ in range(200):
        damaged = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        han.path.write_bytes(damaged[: chance.randrange(24, len(damaged) + 1)])
        try:
            read = read_capture(han.path, keys)
        except LocalError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
            assert {one.message for one in read.messages} <= set(vectors.messages())
    assert "read" in outcomes
