"""``meterfarm rig capture`` and ``rig check`` of a meter on the HAN of a dongle."""

from __future__ import annotations

import json
from pathlib import Path

from fake_rigs import HUB, METER, ezsp_lab, gfi_lab
from shell import meterfarm
from tshark import seen, tshark

from gbcs.framing import decode
from rigs.radio.pcap import keys_file


def test_a_read_over_a_dongle_is_captured_as_messages_and_as_frames(tmp_path: Path) -> None:
    out, pcap = tmp_path / "read.jsonl", tmp_path / "read.pcap"
    with ezsp_lab(tmp_path) as lab:
        where = (lab.name, "--rigs", str(lab.bench))
        found = {one["what"]: one for one in meterfarm("rig", "check", *where, "--json").json()["findings"]}
        assert HUB in found["dongle"]["says"] and found["cbke"]["passed"] is True
        assert found["radio"]["passed"] is None and "868 MHz" in found["radio"]["says"]
        capture = ("--out", str(out), "--pcap", str(pcap), "--read", "ECS22b", "--read", "ECS17b", "--json")
        told = meterfarm("rig", "capture", *where, *capture).json()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["messages"] == len(lines) == 4 and told["frames"] > 20
    assert [line["direction"] for line in lines] == ["down", "up"] * 2 and {line["device"] for line in lines} == {METER}
    sent = [decode(bytes.fromhex(line["hex"])) for line in lines]
    keys = keys_file(pcap)
    rows = list(seen(pcap, keys, "gbcs_message").values())
    assert [int(row["code"], 0) for row in rows] == [one.message_code for one in sent]
    assert [int(row["counter"], 0) for row in rows] == [one.originator_counter for one in sent]
    assert tshark(pcap, "-Y", "_ws.malformed || _ws.expert || !zbee_aps", keys=keys) == []
    assert "Request Tunnel" in "\n".join(tshark(pcap, keys=keys))
    decoded = meterfarm("decode", "--pcap", str(pcap), "--json").json()
    assert (decoded["frames"], decoded["frames_not_decrypted"]) == (told["frames"], 0)
    assert [one["han"]["bytes"] for one in decoded["messages"]] == [len(line["hex"]) // 2 for line in lines]


def test_a_line_has_messages_and_no_frames(tmp_path: Path) -> None:
    out = tmp_path / "read.jsonl"
    with gfi_lab(tmp_path) as lab:
        where = (lab.name, "--rigs", str(lab.bench), "--out", str(out))
        refused = meterfarm("rig", "capture", *where, "--pcap", str(tmp_path / "x.pcap"))
        assert refused.code == 2 and "frames cross a dongle alone" in refused.error()
        assert meterfarm("rig", "capture", *where, "--for", "1s", "--json").json()["messages"] == 0
        assert meterfarm("rig", "capture", *where, "--read", "ECS22b", "--json").json()["messages"] == 2
    assert len(out.read_text().splitlines()) == 2
