"""The messages in a capture, of whatever kind: a run's trace, what ``rig capture`` wrote, or a capture of a HAN."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gbcs.errors import LocalError

_PCAP_MAGICS = frozenset(bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a"))
_KINDS = "a trace.jsonl of a run or rig, or a pcap"


def read_messages(path: Path, keys_file: Path | None = None) -> list[bytes]:
    """The messages and blocks of a capture in their order; ``keys_file`` holds the HAN keys of a pcap.

    Raises LocalError where the file is no capture; one line of it that is wrong is named.
    """
    try:
        with path.open("rb") as file:
            is_pcap = file.read(4) in _PCAP_MAGICS
        return _from_pcap(path, keys_file) if is_pcap else list(_from_lines(path))
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror}") from None


def _from_pcap(path: Path, keys_file: Path | None) -> list[bytes]:
    # Only whoever reads a pcap needs scapy.
    from tools.capture import keys_file as beside  # noqa: PLC0415
    from tools.capture import read_capture, read_keys  # noqa: PLC0415

    given = keys_file or (beside(path) if beside(path).exists() else None)
    read = read_capture(path, read_keys(given) if given is not None else ())
    if not read.messages:
        raise LocalError(f"{path}: no message in {read.frames} frames, {read.not_decrypted} of them without a HAN key")
    return [one.message for one in read.messages if not one.blocks]


def _from_lines(path: Path) -> Iterator[bytes]:
    """One message a line, hexadecimal under ``hex``; lines that only note something have none."""
    lines = path.read_bytes().splitlines()
    if not lines:
        raise LocalError(f"{path} is empty: give {_KINDS}")
    for number, line in enumerate(lines, start=1):
        try:
            yield from _of_line(line)
        except (ValueError, TypeError):
            raise LocalError(f"{path}: line {number} is none of a capture ({_KINDS})") from None


def _of_line(line: bytes) -> Iterator[bytes]:
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise TypeError(entry)
    if "port" in entry:
        raise ValueError("bytes of a port, not messages")
    if "hex" in entry:
        yield bytes.fromhex(entry["hex"])
