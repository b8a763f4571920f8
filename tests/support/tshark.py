"""Wireshark's own reading of a capture, through tshark: an independent peer."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FIELDS = {
    "frame": "frame.number",
    "info": "_ws.col.Info",
    "code": "gbcs_message.grouping_header.message_code",
    "cra": "gbcs_message.grouping_header.cra_flag",
    "counter": "gbcs_message.grouping_header.originator_counter",
    "originator": "gbcs_message.grouping_header.business_originator_id",
    "recipient": "gbcs_message.grouping_header.business_target_id",
    "mac": "gbcs_message.mac",
    "block_code": "gbcs_message.routing_header.message_code",
    "block_counter": "gbcs_message.routing_header.originator_counter",
    "block": "gbcs_message.gbt_header.block_number",
    "last": "gbcs_message.gbt_header.block_control.last_block",
    "streaming": "gbcs_message.gbt_header.block_control.streaming",
    "window": "gbcs_message.gbt_header.block_control.window",
    "block_ack": "gbcs_message.gbt_header.block_number_ack",
    "gbt_length": "gbcs_message.gbt.reassembled.length",
    "aps_length": "zbee_aps.reassembled.length",
    "aps_fragments": "zbee_aps.fragment.count",
    "tunnel": "zbee_zcl_se.tun.tunnel_id",
    "to_client": "zbee_zcl_se.tun.cmd.srv_tx.id",
    "to_server": "zbee_zcl_se.tun.cmd.srv_rx.id",
    "sleepy": "gbcs_tunnel.command",
    "remaining": "gbcs_tunnel.remaining",
}


def tshark(capture: Path, *arguments: str, keys: Path | None = None) -> list[str]:
    """The lines that tshark prints for a capture. Skips, saying so, where it is not installed."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (Debian: apt-get install tshark)")
    settings = capture.parent / "wireshark"
    settings.mkdir(exist_ok=True)
    (settings / "zigbee_pc_keys").write_text(keys.read_text(encoding="ascii") if keys else "", encoding="ascii")
    environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(settings)}
    command = ["tshark", "-r", str(capture), *arguments]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def seen(capture: Path, keys: Path, which: str) -> dict[int, dict[str, str]]:
    """The fields of the frames that a display filter lets through, by frame number."""
    asked = [part for field in FIELDS.values() for part in ("-e", field)]
    lines = tshark(capture, "-Y", which, "-T", "fields", "-E", "separator=|", "-E", "occurrence=l", *asked, keys=keys)
    rows = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines]
    return {int(row["frame"]): row for row in rows}
