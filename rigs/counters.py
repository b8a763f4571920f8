"""Originator counters that outlive the process: written down before they are used, never used twice.

AES-GCM keys hang on them, and a meter refuses a command whose counter is not above the last one. A file looks like::

    {"format": 1, "counters": {"90-B3-D5-1F-00-01-00-00": 849312000000}, "check": "..."}

The numbers are reservations: every counter up to them may have been used. A process that is killed leaves some unused;
the next one starts above them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.errors import RigError
from rigs.files import FileLock, make_shared, write_whole

FORMAT: Final = 1
AHEAD: Final = 1000
"""How many counters are reserved at a time: those of a second, as counters are milliseconds."""

_LIMIT: Final = 1 << 64


class CounterStore:
    """The next counter of each originator: milliseconds since 2000, or one more than the last; see ``dcc.counters``.

    One process at a time has the file. Raises LocalError for a damaged file, which is left as it is: whoever begins
    a new one may use counters again. Raises InUse where another process has it, RigError where it cannot be written.
    """

    def __init__(self, path: Path, *, ahead: int = AHEAD) -> None:
        self.path = path
        self._ahead = ahead
        self._last: dict[Eui64, int] = {}
        make_shared(path.parent)
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), f"the counter file {path}")
        try:
            self._reserved = _read(path)
        except BaseException:
            self._lock.release()
            raise
        self._last.update(self._reserved)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def next(self, originator: Eui64, now: float) -> int:
        """A counter that this originator has never used, on the disk before it is handed out."""
        counter = max(self._last.get(originator, 0) + 1, int(now * 1000))
        if counter + self._ahead >= _LIMIT:
            raise LocalError(f"the counters of {eui64.show(originator)} are used up: {counter}")
        if counter > self._reserved.get(originator, 0):
            self._reserve({**self._reserved, originator: counter + self._ahead - 1})
        self._last[originator] = counter
        return counter

    def last(self, originator: Eui64) -> int:
        """The highest counter that may have been used; 0 where there is none."""
        return self._last.get(originator, 0)

    def close(self) -> None:
        """Hand back what was reserved and not used, and the file; a second call does nothing."""
        if self._lock.held:
            try:
                if self._last != self._reserved:
                    self._reserve(dict(self._last))
            finally:
                self._lock.release()

    def _reserve(self, reserved: dict[Eui64, int]) -> None:
        if not self._lock.held:
            raise RigError(f"the counter file {self.path} is closed")
        write_whole(self.path, _text(reserved))
        self._reserved = reserved


def _text(reserved: Mapping[Eui64, int]) -> bytes:
    counters = {eui64.show(originator): counter for originator, counter in sorted(reserved.items())}
    content = {"format": FORMAT, "counters": counters}
    return json.dumps({**content, "check": _check(content)}).encode() + b"\n"


def _check(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[Eui64, int]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LocalError(f"the counter file {path} cannot be read: {error.strerror}") from None
    try:
        content = json.loads(text)
        check = content.pop("check")
        counters = {eui64.parse(party): int(counter) for party, counter in content["counters"].items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise _damaged(path) from None
    if content.get("format") != FORMAT:
        raise LocalError(f"the counter file {path} is of format {content.get('format')!r}; this version reads {FORMAT}")
    if check != _check(content):
        raise _damaged(path)
    return counters


def _damaged(path: Path) -> LocalError:
    return LocalError(
        f"the counter file {path} is damaged: put a copy back, or write down what the device last accepted and start "
        f"above that; a new file may use counters again, and it is not begun for you"
    )
