"""Frames and air time: known answers, for one message and for an array of them."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.links.airtime import air_seconds, bytes_on_air, frame_count


@pytest.mark.parametrize(
    ("size", "frames", "on_air", "seconds"),
    [(0, 0, 0, 0.0), (1, 1, 33, 0.033), (200, 1, 232, 0.232), (201, 2, 265, 0.265), (612, 4, 740, 0.740)],
)
def test_known_answers(size: int, frames: int, on_air: int, seconds: float) -> None:
    assert frame_count(size, 200) == frames
    assert bytes_on_air(size, 200, 32) == on_air
    assert air_seconds(size, 200, 32, 8000) == pytest.approx(seconds)


def test_an_array_of_sizes_gives_what_each_size_gives() -> None:
    sizes = np.arange(0, 5000, 7)
    assert frame_count(sizes, 63).tolist() == [frame_count(int(size), 63) for size in sizes]
    assert air_seconds(sizes, 63, 64, 250_000).tolist() == [air_seconds(int(size), 63, 64, 250_000) for size in sizes]
