"""What a module remembers: its network and keys, which survive a reset, and settings, which do not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gbcs.errors import LocalError
from gbcs.eui64 import Eui64


@dataclass(slots=True)
class Network:
    """The network that a module is on."""

    extended_pan: bytes
    pan: int
    channel: int
    short: int
    node_type: int
    key: bytes = field(default=b"", repr=False)
    key_sequence: int = 0
    trust_centre: Eui64 = b""
    manager: int = 0
    update: int = 0
    power: int = 8
    join_method: int = 0


@dataclass(slots=True)
class LinkKey:
    """The key shared with a partner, and the frame counters of both ways."""

    key: bytes = field(repr=False)
    sent: int = 0
    seen: int = -1


@dataclass(slots=True)
class Memory:
    """All that is kept. With ``path`` it is written to a file, readable by its owner alone, whenever it changes.

    Frame counters only rise: after a start they begin above what was written, as a real module's do.
    """

    eui: Eui64
    network: Network | None = None
    frame_counter: int = 0
    link_keys: dict[Eui64, LinkKey] = field(default_factory=dict)
    devices: dict[int, Eui64] = field(default_factory=dict)
    trust_centre_key: bytes = field(default=b"", repr=False)
    security: int = 0
    tokens: dict[int, bytes] = field(default_factory=dict)
    path: Path | None = None

    def save(self) -> None:
        """Write it down, where there is a file."""
        if self.path is None:
            return
        content = {key: value for key, value in asdict(self).items() if key != "path"}
        new = self.path.with_name(f"{self.path.name}.new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(_texts(content)), encoding="ascii")
        new.replace(self.path)


_SPARE = 1 << 12
"""How far counters jump at a start; the file is not written for every frame."""


def load(path: Path | None, eui: Eui64) -> Memory:
    """The memory in a file, or a new one for ``eui``. Raises LocalError where the file is none of a module."""
    if path is None or not path.exists():
        return Memory(eui, path=path)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        network = found["network"]
        return Memory(
            bytes.fromhex(found["eui"]),
            Network(**{key: _bytes(value) for key, value in network.items()}) if network else None,
            found["frame_counter"] + _SPARE,
            {bytes.fromhex(eui): _link_key(one) for eui, one in found["link_keys"].items()},
            {int(short): bytes.fromhex(eui) for short, eui in found["devices"].items()},
            bytes.fromhex(found["trust_centre_key"]),
            found["security"],
            {int(token): bytes.fromhex(value) for token, value in found["tokens"].items()},
            path,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise LocalError(f"{path} is no memory of a fake module: remove it to start anew") from None


def _link_key(found: dict[str, Any]) -> LinkKey:
    return LinkKey(bytes.fromhex(found["key"]), found["sent"] + _SPARE, found["seen"])


def _bytes(value: Any) -> Any:
    return bytes.fromhex(value) if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key.hex() if isinstance(key, bytes) else key: _texts(one) for key, one in value.items()}
    return value
