"""Wireshark as the independent peer: message by message it finds what we wrote, and nothing malformed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import vectors
from block_pair import Pair, message
from captured import GAS, HUB, METER, CapturedHan
from commander import Commander, gsme, protected, zcl
from segmented import read_days
from tshark import seen, tshark

from emulator.han.sleepy import Sleepy, TunnelCommand
from emulator.run import SettlementRun
from emulator.scenario import load_scenario
from gbcs import eui64
from gbcs.catalogue import find
from gbcs.errors import DecodeError
from gbcs.framing import Message, decode, decode_gbt_block
from gbcs.gbt import is_block
from tools.capture import CapturedMessage, HanCapture, keys_file, read_capture, read_keys

MESSAGES = "gbcs_message || gbcs_tunnel"
WRONG = "_ws.malformed || _ws.expert || !zbee_aps"
# The dissector's list of use cases is older than the newest of ours, and it writes some names in another way.
_UNKNOWN_TO_WIRESHARK = "Unknown"


def agrees(capture: Path) -> int:
    """Hold every message that we read in a capture against tshark's reading; how many there are."""
    keys = keys_file(capture)
    theirs = seen(capture, keys, MESSAGES)
    found = read_capture(capture, read_keys(keys)).messages
    ours = [one for one in found if not one.blocks]
    whole = {one.frame: one for one in found if one.blocks}
    assert sorted(theirs) == [one.frame for one in ours]
    for one in ours:
        row = theirs[one.frame]
        _same_transport(one, row)
        if is_block(one.message):
            _same_block(one.message, row, whole.get(one.frame))
        elif one.message:
            _same_message(decode(one.message), row)
    assert nothing_wrong(capture)
    return len(ours)


def nothing_wrong(capture: Path) -> bool:
    """Whether tshark finds no malformed frame, no warning, and no frame that stays encrypted."""
    return tshark(capture, "-Y", WRONG, keys=keys_file(capture)) == []


def _same_transport(one: CapturedMessage, row: dict[str, str]) -> None:
    assert int(row["tunnel"], 0) == one.tunnel_id
    assert bool(row["to_server"]) == one.to_server and bool(row["to_client"]) != one.to_server
    assert (row["aps_length"], row["aps_fragments"]) == (
        (str(one.aps_bytes), str(one.fragments)) if one.fragments > 1 else ("", "")
    )
    header = one.header
    assert row["sleepy"] == ("" if header is None else f"0x{header.command:02x}")
    if header is not None and header.command is TunnelCommand.GET_RESPONSE:
        assert int(row["remaining"], 0) == header.remaining


def _same_message(expected: Message, row: dict[str, str]) -> None:
    use_case = find(expected.message_code)
    assert int(row["code"], 0) == expected.message_code
    assert int(row["counter"], 0) == expected.originator_counter
    assert int(row["cra"], 0) == expected.cra
    assert row["originator"].upper().replace(":", "-") == eui64.show(expected.originator)
    assert row["recipient"].upper().replace(":", "-") == eui64.show(expected.recipient)
    assert bytes.fromhex(row["mac"].replace(":", "")) == (expected.mac or b"")
    named = re.search(r"(Command|Response|Alert), (\S+)", row["info"])
    assert named and named[1].upper() == ("COMMAND", "RESPONSE", "ALERT")[expected.cra - 1]
    if named[2] != _UNKNOWN_TO_WIRESHARK and use_case is not None and not use_case.use_case.startswith("ALERT"):
        assert use_case.use_case in named[2] or expected.cra == 3


def _same_block(data: bytes, row: dict[str, str], whole: CapturedMessage | None) -> None:
    block = decode_gbt_block(data)
    assert int(row["block_code"], 0) == block.message_code and int(row["block_counter"], 0) == block.originator_counter
    assert int(row["block"]) == block.block_number and int(row["block_ack"]) == block.block_number_acknowledged
    assert (row["last"], row["streaming"]) == (str(int(block.is_last)), str(int(bool(block.control & 0x40))))
    assert int(row["window"]) == block.control & 0x3F
    assert row["gbt_length"] == ("" if whole is None else str(len(whole.message)))
    if whole is not None:
        _same_message(decode(whole.message), row)


def captured_run(folder: Path, premises: int) -> tuple[Path, list[bytes]]:
    """A settlement day under a capture, and the messages that crossed the HANs."""
    run = SettlementRun(load_scenario(premises=premises), folder)
    path, sent = folder / "run.pcap", list[bytes]()
    capture = HanCapture(path, run.journey.air.keys)

    def watch(carried: object) -> None:
        sent.append(carried.payload[5:])  # type: ignore[attr-defined]
        capture(carried)  # type: ignore[arg-type]

    run.journey.air.watch(watch)
    run.execute()
    capture.close()
    run.store.close()
    return path, sent


def test_a_settlement_day_is_read_alike(tmp_path: Path) -> None:
    path, sent = captured_run(tmp_path, 24)
    assert agrees(path) == len(sent) > 50
    assert sorted(one.message for one in read_capture(path, read_keys(keys_file(path))).messages) == sorted(sent)


@pytest.mark.long
def test_a_thousand_reads_are_read_alike(tmp_path: Path) -> None:
    path, sent = captured_run(tmp_path, 850)
    assert agrees(path) == len(sent) > 2_000


def test_a_month_in_blocks_over_a_network_that_loses_a_tenth_is_read_alike(tmp_path: Path) -> None:
    path, captures = tmp_path / "month.pcap", list[HanCapture]()

    def prepare(run: SettlementRun) -> None:
        captures.append(HanCapture(path, run.journey.air.keys))
        run.journey.air.watch(captures[0])

    text = "[faults]\nnatural_outages = false\nmessage_loss = 0.10\n"
    made = read_days(tmp_path, text, premises=5, prepare=prepare)
    captures[0].close()
    assert {one.outcome for one in made.finished} == {"answered"}
    assert agrees(path) > 11 * len(made.finished)
    whole = [one for one in read_capture(path, read_keys(keys_file(path))).messages if one.blocks]
    assert {len(one.message) for one in whole} <= {12_064, 12_088} and len(whole) >= len(made.finished)


def test_every_shape_of_message_is_read_alike(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "shapes.pcap")
    shapes = [data for data in vectors.messages() if not decode(data).is_precommand]
    for data in shapes:
        ends = (HUB, METER) if decode(data).cra == 1 else (METER, HUB)
        han.send(*ends, data)
    assert agrees(han.close()) == len(shapes) > 20


def test_a_sleepy_gas_meter_is_read_alike(tmp_path: Path) -> None:
    meter, ask = gsme(), Commander()
    meter.zcl.attributes[0x0702, 0] = (0x25, 123_456)
    command = protected(ask.gbz("GCS13a", zcl(0x0702, 0, 0, "read attributes", ((0,),))))
    (answer,) = meter.receive(command, 800_000_000)
    han = CapturedHan(tmp_path / "gas.pcap")
    han.send(GAS, HUB, Sleepy(TunnelCommand.GET).encode())
    han.send(HUB, GAS, Sleepy(TunnelCommand.GET_RESPONSE, command, 1).encode())
    han.send(GAS, HUB, Sleepy(TunnelCommand.PUT, answer).encode())
    han.send(GAS, HUB, Sleepy(TunnelCommand.GET).encode())
    han.send(HUB, GAS, Sleepy(TunnelCommand.GET_RESPONSE).encode())
    assert agrees(han.close()) == 5


def test_transfers_with_resends_and_an_abort_are_read_alike(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "blocks.pcap")
    for seed, loss, size in ((1, 0.0, 3000), (2, 0.3, 9000), (3, 0.0, 65_000)):
        for _, sender, data in Pair(seed=seed, loss=loss).run(message(size, seed)).carried:
            han.send(*((METER, HUB) if sender == 0 else (HUB, METER)), data)
    assert agrees(han.close()) > 60


def test_tunnels_are_opened_as_the_profile_says(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "tunnel.pcap")
    han.send(HUB, METER, vectors.messages()[0])
    path = han.close()
    fields = ("protocol_id", "manufacturer_code", "flow_control_supported", "max_in_transfer_size")
    asked = [part for name in fields for part in ("-e", f"zbee_zcl_se.tun.{name}")]
    lines = tshark(path, "-Y", f"zbee_zcl_se.tun.{fields[3]}", "-T", "fields", *asked, keys=keys_file(path))
    request, response = (line.split("\t") for line in lines)
    assert (int(request[0], 0), int(request[1], 0), request[2], int(request[3], 0)) == (6, 0xFFFF, "0", 1500)
    assert int(response[3], 0) == 1500


def test_without_the_keys_wireshark_reads_no_message(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "closed.pcap")
    han.send(HUB, METER, vectors.messages()[0])
    path = han.close()
    assert tshark(path, "-Y", MESSAGES) == [] and len(tshark(path, "-Y", WRONG)) > 4
    assert len(tshark(path, "-Y", MESSAGES, keys=keys_file(path))) == 1


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    """A message of which one byte of the MAC differs from what was written is found out."""
    han = CapturedHan(tmp_path / "a.pcap")
    han.send(HUB, METER, vectors.messages()[0])
    path = han.close()
    (row,) = seen(path, keys_file(path), MESSAGES).values()
    row["mac"] = "00" + row["mac"][2:]
    with pytest.raises((AssertionError, DecodeError)):
        _same_message(decode(vectors.messages()[0]), row)
