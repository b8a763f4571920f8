"""Messages on a link as lines of JSON: ``{"t": ..., "direction": "down", "device": "...", "hex": "..."}``."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from gbcs import eui64
from gbcs.errors import LocalError
from rigs.conversation import Direction


class CaptureWriter:
    """A :class:`~rigs.conversation.CaptureSink` that writes a file, a line a message, each at once.

    Raises LocalError where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._out = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise LocalError(f"{path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    def message(self, at_utc: float, direction: Direction, device: bytes, message: bytes) -> None:
        """See :class:`~rigs.conversation.CaptureSink`."""
        line = {"t": round(at_utc, 6), "direction": direction, "device": eui64.show(device), "hex": message.hex()}
        self._out.write(json.dumps(line) + "\n")
