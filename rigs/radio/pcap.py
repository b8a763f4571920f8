"""Capture files: 802.15.4 frames with their FCS, and beside them the keys as Wireshark takes them."""

from __future__ import annotations

from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self

_FILE = Struct("<IHHiIII")
_RECORD = Struct("<IIII")
_MAGIC, _MAJOR, _MINOR, _SNAP_BYTES = 0xA1B2C3D4, 2, 4, 65_535
LINK_TYPE_802_15_4_FCS = 195


def keys_file(capture: Path) -> Path:
    """Where the keys of a capture stand."""
    return capture.with_name(f"{capture.name}.keys")


class PcapFile:
    """A capture that is written frame by frame; what is written is in the file at once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._file.write(_FILE.pack(_MAGIC, _MAJOR, _MINOR, 0, 0, _SNAP_BYTES, LINK_TYPE_802_15_4_FCS))

    def write(self, unix_s: float, frame: bytes) -> None:
        """Add a frame."""
        seconds = int(unix_s)
        head = _RECORD.pack(seconds, int((unix_s - seconds) * 1e6), len(frame), len(frame))
        self._file.write(head + frame)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class KeysFile:
    """The keys of a capture, readable by their owner alone."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._file = path.open("w", encoding="ascii", buffering=1)
        self._known: set[bytes] = set()

    def add(self, key: bytes, label: str) -> None:
        """Write a key down, once."""
        if key not in self._known:
            self._known.add(key)
            self._file.write(f'"{key.hex()}","Normal","{label}"\n')

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Capture:
    """A capture and its keys."""

    def __init__(self, path: Path) -> None:
        self.frames, self.keys = PcapFile(path), KeysFile(keys_file(path))

    def close(self) -> None:
        """Close both files."""
        self.frames.close()
        self.keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
