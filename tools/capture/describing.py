"""Describe a capture: every message in it as ``meterfarm decode`` describes one, with how it crossed the HAN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gbcs
from gbcs import eui64
from gbcs.errors import GbcsError
from gbcs.gbt import is_block
from gbcs.security import Keys
from tools import describe
from tools.capture.reading import CapturedMessage, read_capture, read_keys
from tools.capture.writing import keys_file


def describe_capture(path: Path, keys: Path | None, store: Keys | None) -> dict[str, Any]:
    """The messages of a capture; ``keys`` is the file of HAN keys, by default the one beside the capture.

    Raises LocalError where a file is none.
    """
    beside = keys_file(path)
    given = keys or (beside if beside.exists() else None)
    read = read_capture(path, read_keys(given) if given is not None else ())
    return {
        "capture": str(path),
        "frames": read.frames,
        "frames_not_decrypted": read.not_decrypted,
        "frames_of_another_kind": read.other,
        "incomplete": read.incomplete,
        "messages": [{"han": _han(one), **_described(one.message, store)} for one in read.messages],
    }


def _han(one: CapturedMessage) -> dict[str, Any]:
    """How a message crossed the HAN."""
    found: dict[str, Any] = {
        "frame": one.frame,
        "unix_time": round(one.at, 6),
        "pan": f"{one.pan:04X}",
        "sender": eui64.show(one.sender),
        "tunnel_id": one.tunnel_id,
        "to_server": one.to_server,
        "aps_fragments": one.fragments,
        "aps_bytes": one.aps_bytes,
        "bytes": len(one.message),
    }
    if one.header is not None:
        found |= {"tunnel_command": one.header.command.name, "remaining": one.header.remaining}
    return found | ({"gbt_blocks": one.blocks} if one.blocks else {})


def _described(message: bytes, store: Keys | None) -> dict[str, Any]:
    if not message:
        return {}
    try:
        if is_block(message):
            return describe.gbt_block(gbcs.decode_gbt_block(message))
        return describe.message(gbcs.decode(message), store)
    except GbcsError as error:
        return {"error": str(error), "data": message.hex()}
