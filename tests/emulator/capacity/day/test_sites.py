"""Base stations of the country and of a part of it."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.capacity.day.of_scenario import site_weights


def test_the_busiest_site_is_as_stated() -> None:
    weights = site_weights(948, 5.4)
    assert weights.max() / weights.mean() == pytest.approx(5.4)


def test_a_part_has_sites_like_the_whole() -> None:
    every, few = site_weights(948, 5.4), site_weights(948, 5.4, 9)
    assert np.median(few) == pytest.approx(np.median(every), rel=0.01)
    assert few.max() < every.max(), "the largest sites are rarer than one in nine"
    assert few.max() / few.sum() < 0.4, "no site has most of the hubs"
