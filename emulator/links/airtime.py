"""The arithmetic of frames: the same functions for one message (ints) and for a capacity study (numpy arrays)."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Count = TypeVar("Count", int, NDArray[np.int64])


def frame_count(size: Count, payload_bytes: int) -> Count:
    """Frames that carry ``size`` bytes, ``payload_bytes`` in each."""
    return -(-size // payload_bytes)


def bytes_on_air(size: Count, payload_bytes: int, overhead_bytes: int) -> Count:
    """Bytes with the overhead of every frame."""
    return size + -(-size // payload_bytes) * overhead_bytes


def air_seconds(size: int, payload_bytes: int, overhead_bytes: int, rate_bps: float) -> float:
    """Seconds that ``size`` bytes take, frames and their overhead included; an array of sizes gives an array."""
    return bytes_on_air(size, payload_bytes, overhead_bytes) * 8 / rate_bps
