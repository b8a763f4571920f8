"""Every random source of a run hangs off one seed: a generator per purpose, so one more draw here moves none there."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of one purpose, like ``generator(162, "wan", "csp_north_lrr", "loss")``.

    The same seed and purpose give the same numbers on every machine.
    """
    label = "\x1f".join(str(part) for part in (seed, *purpose))
    return np.random.Generator(np.random.PCG64(int.from_bytes(blake2b(label.encode(), digest_size=16).digest())))


def subseed(seed: int, *purpose: str | int) -> int:
    """A 64-bit seed for one purpose, for sources that are no numpy generators."""
    label = "\x1f".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(blake2b(label.encode(), digest_size=8).digest())
