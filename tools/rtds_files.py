"""The reference message set on disk: ``RTDS-*/<srv>_<use case>/<name>_GBCS.HEX`` beside ``keystore/``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gbcs.errors import LocalError
from gbcs.keystore import KeyStore

_KINDS = ("PRECOMMAND", "COMMAND", "RESPONSE", "ALERT")


@dataclass(frozen=True, slots=True)
class Vector:
    """One message file. ``kind`` is COMMAND, RESPONSE, ALERT or PRECOMMAND by its name; ``stem`` pairs the two ways."""

    path: Path
    folder: str
    kind: str
    stem: str
    data: bytes

    @property
    def name(self) -> str:
        """Folder and file."""
        return f"{self.folder}/{self.path.name}"


def read_vectors(directory: Path) -> list[Vector]:
    """All messages below a directory that holds ``RTDS-*`` folders, or below one of these, in order of their names.

    Raises LocalError where there is none, or where a file is no hex.
    """
    roots = sorted(directory.glob("RTDS-*")) or [directory]
    files = sorted(path for root in roots for path in root.rglob("*.HEX"))
    if not files:
        raise LocalError(f"{directory} holds no reference messages: expected RTDS-*/<use case>/*.HEX")
    return [_read(path) for path in files]


def read_keys(directory: Path) -> KeyStore:
    """The key store beside the messages. Raises LocalError where there is none."""
    place = directory / "keystore"
    if not place.is_dir():
        raise LocalError(f"{place} is no directory: the keys of the reference set belong there")
    return KeyStore.read(place)


def pairs(vectors: list[Vector]) -> list[tuple[Vector, Vector]]:
    """Each command with its response, matched by the rest of the file name."""
    responses = {(v.folder, v.stem): v for v in vectors if v.kind == "RESPONSE"}
    commands = (v for v in vectors if v.kind == "COMMAND")
    return [(v, responses[v.folder, v.stem]) for v in commands if (v.folder, v.stem) in responses]


def _read(path: Path) -> Vector:
    text = "".join(path.read_text("ascii", errors="replace").split())
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise LocalError(f"{path} is no hex") from None
    parts = path.stem.split("_")
    kind = next((part for part in reversed(parts) if part in _KINDS), "")
    return Vector(path, path.parent.name, kind, "_".join(part for part in parts if part != kind), data)
