"""``bench codec``: how fast messages of every payload family are read, on the reference set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

import gbcs
from gbcs.errors import KeyUnavailable, LocalError
from gbcs.keystore import KeyStore
from gbcs.payload import message_payload
from gbcs.security import compute_mac, mac_parties
from tools.benchmarks.rounds import medians_us
from tools.rtds_files import read_keys, read_vectors

if TYPE_CHECKING:
    from tools.bench import Settings

_BESIDE = Path("../shared/rtds")
_LABELS = {
    "messages_per_s_framing": "framing alone",
    "messages_per_s_structure": "framing and payload to typed values",
    "messages_per_s_keys": "the same, MAC verified and encrypted parts opened",
    "messages_per_s_signatures": "the same, signatures verified as well",
}


def steps(settings: Settings) -> int:
    """Rounds of each part, and one to warm up."""
    return (settings.rounds + 1) * len(_LABELS)


def measure(settings: Settings, step: Callable[[], None]) -> dict[str, Any]:
    """Messages a second on one core, every family; secrets are agreed once, as a parser of many messages has it.

    Raises LocalError where there is no reference set.
    """
    directory = settings.rtds or _BESIDE
    if not directory.is_dir():
        raise LocalError(f"{directory} holds no reference set: say where it is with --rtds DIR or RTDS_HOME")
    messages, keys = [vector.data for vector in read_vectors(directory)], read_keys(directory)
    parts = {
        "messages_per_s_framing": _part(messages, gbcs.decode),
        "messages_per_s_structure": _part(messages, lambda data: message_payload(gbcs.decode(data))),
        "messages_per_s_keys": _part(messages, lambda data: _with_keys(data, keys)),
        "messages_per_s_signatures": _part(messages, lambda data: _with_signatures(data, keys)),
    }
    found = medians_us(parts, settings.rounds, step)
    return {"messages": len(messages), **{name: round(1e6 / took_us, 1) for name, took_us in found.items()}}


def table(found: dict[str, Any]) -> Table:
    """Messages a second of each part."""
    shown = Table(title=f"Reading {found['messages']:,} reference messages", title_justify="left")
    shown.add_column("part")
    shown.add_column("messages a second", justify="right")
    for name, label in _LABELS.items():
        shown.add_row(label, f"{found[name]:,.0f}")
    return shown


def _part(messages: list[bytes], one: Callable[[bytes], object]) -> Callable[[], int]:
    def part() -> int:
        for data in messages:
            one(data)
        return len(messages)

    return part


def _with_keys(data: bytes, keys: KeyStore) -> None:
    message = gbcs.decode(data)
    if message.mac is not None:
        _mac_is_right(message, keys)
    _open(message, keys)


def _with_signatures(data: bytes, keys: KeyStore) -> None:
    message = gbcs.decode(data)
    gbcs.verify(message, keys)
    _open(message, keys)


def _mac_is_right(message: gbcs.Message, keys: KeyStore) -> bool:
    """The MAC alone; false too where the key of a pair is unknown."""
    try:
        return compute_mac(message, keys.shared_secret(*mac_parties(message))) == message.mac
    except KeyUnavailable:
        return False


def _open(message: gbcs.Message, keys: KeyStore) -> None:
    try:
        gbcs.open(message, keys)
    except KeyUnavailable:
        message_payload(message)
