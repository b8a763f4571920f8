"""What lengths tell: measures with known answers, and made homes."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.compression.hub_costs import assumptions, hub_cost
from emulator.compression.leakage import LONGEST, PADDINGS, auc, leaks, made_days, mutual_bits, padded
from emulator.compression.registry import CODECS
from gbcs.errors import LocalError


def test_auc_of_apart_equal_and_mixed() -> None:
    low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert auc(low, high) == 1 and auc(high, low) == 0 and auc(low, low) == 0.5
    assert auc(np.array([1.0, 3.0]), np.array([2.0, 4.0])) == 0.75


def test_mutual_information_of_a_copy_is_its_entropy_and_of_a_constant_nothing() -> None:
    coin = np.arange(1000) % 2 == 0
    assert mutual_bits(coin.astype(float), coin) == pytest.approx(1.0, abs=0.002)
    assert mutual_bits(np.ones(1000), coin) == 0


def test_padding_rounds_up_and_to_the_longest() -> None:
    lengths = np.array([[1, 16, 17]])
    assert padded(lengths, 16).tolist() == [[16, 16, 32]]
    assert padded(lengths, LONGEST).tolist() == [[17, 17, 17]]
    assert padded(lengths, 0) is lengths


def test_lengths_tell_days_away_until_padding_hides_them() -> None:
    days = made_days(homes=12, days=14)
    found = {leak.padding: leak for leak in leaks(days)}
    assert found.keys() == PADDINGS.keys()
    assert found[0].auc > 0.95 and found[0].bits > 0.3 and found[0].correlation > 0.5
    assert (found[LONGEST].auc, found[LONGEST].bits, found[LONGEST].correlation) == (0.5, 0, 0)
    assert found[0].mean_bytes < found[16].mean_bytes < found[LONGEST].mean_bytes < days.fixed_bytes == 384


def test_made_days_repeat_and_hang_on_the_seed() -> None:
    one, again, other = made_days(2, 7), made_days(2, 7), made_days(2, 7, seed=1)
    assert (one.lengths == again.lengths).all() and not (one.energy_wh == other.energy_wh).all()


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_has_a_cost_in_a_hub(codec: str) -> None:
    cost = hub_cost(codec)
    assert min(cost.ram_bytes, cost.flash_bytes, cost.cycles_per_byte) > 0 and cost.confidence in "HMLA"
    assert cost.seconds_per_kilobyte == pytest.approx(cost.cycles_per_byte * 1000 / 48e6)


def test_costs_are_assumptions_by_name() -> None:
    names = [one.name for one in assumptions()]
    assert names[0] == "hub.clock_hz" and "hub.deflate/deflate_fast" in names
    with pytest.raises(LocalError, match="codec 'gzip' has no costs"):
        hub_cost("gzip")
