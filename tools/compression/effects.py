"""What a codec changes in a run: the same seeds with and without it, layer by layer, with confidence over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any, Final

from emulator.processes import processes
from emulator.run import SettlementRun
from emulator.run_summary import finished
from emulator.scenario import load_scenario
from emulator.scenario_names import NO_COMPRESSION

SEEDS, PREMISES, DAYS = 5, 150, 3
_FIRST_SEED = 1_000
_T_95: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""Two-sided 95 % quantiles of Student's t, from one degree of freedom on."""
_NORMAL_95 = 1.96

LAYERS: Final = {
    "message_bytes": "GBCS messages, bytes",
    "datagram_bytes": "behind the codec, bytes",
    "frames": "frames on the SM WAN",
    "bytes_on_air": "bytes on the air",
    "air_s": "air time, s",
}
FIRST_ATTEMPTS: Final = (
    "SELECT wan, quantile_cont(latency_s, [0.5, 0.9, 0.99]) FROM reads"
    " WHERE outcome = 'answered' AND attempts = 1 AND mode = 'scheduled' GROUP BY wan ORDER BY wan"
)
"""Time to the answer of scheduled reads that were answered at once."""

LATENCIES: Final = {"p50_s": "median, s", "p90_s": "90 %, s", "p99_s": "99 %, s"}


@dataclass(frozen=True, slots=True)
class Arm:
    """One run: figures by network, direction and layer, latencies by network, and how many reads met their TRT."""

    codec: str
    seed: int
    layers: dict[tuple[str, str], dict[str, float]]
    latencies: dict[str, dict[str, float]]
    within_trt: float
    value_mismatches: int
    compression: dict[str, Any]
    han_fragments: int

    def carried(self, network: str) -> bool:
        """Whether a network carried something both ways."""
        ways = [self.layers.get((network, direction)) for direction in ("down", "up")]
        return all(way is not None and all(way.values()) for way in ways)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with the half-width of its 95 % interval (None from one seed alone)."""

    mean: float
    half_width: float | None

    @staticmethod
    def of(values: Sequence[float]) -> Estimate:
        """From one value a seed."""
        if len(values) < 2:
            return Estimate(values[0], None)
        quantile = _T_95[len(values) - 2] if len(values) <= len(_T_95) + 1 else _NORMAL_95
        return Estimate(mean(values), quantile * stdev(values) / sqrt(len(values)))


@dataclass(frozen=True, slots=True)
class Effects:
    """Pairs of runs, one a seed: without and with the codec."""

    codec: str
    pairs: tuple[tuple[Arm, Arm], ...]

    def networks(self) -> list[str]:
        """The networks that carried something both ways in every run."""
        arms = [arm for pair in self.pairs for arm in pair]
        names = {network for network, _ in arms[0].layers}
        return sorted(name for name in names if all(arm.carried(name) for arm in arms))

    def ratio(self, network: str, direction: str, layer: str) -> Estimate:
        """What the codec leaves of a layer."""
        return Estimate.of(
            [with_.layers[network, direction][layer] / without.layers[network, direction][layer]
             for without, with_ in self.pairs]
        )  # fmt: skip

    def latency_change_s(self, network: str, quantile: str) -> tuple[Estimate, Estimate]:
        """A quantile of the time to the answer without the codec, and what the codec adds to it."""
        befores = [without.latencies[network][quantile] for without, _ in self.pairs]
        changes = [with_.latencies[network][quantile] - without.latencies[network][quantile]
                   for without, with_ in self.pairs]  # fmt: skip
        return Estimate.of(befores), Estimate.of(changes)


def measure(
    codec: str, seeds: int, premises: int, days: int, workers: int, step: Callable[[], object]
) -> Effects | None:
    """Run every seed twice, in processes of their own; None where Ctrl-C came before a pair was done."""
    numbers = range(_FIRST_SEED, _FIRST_SEED + seeds)
    arms: dict[tuple[int, str], Arm] = {}
    # Runs that Ctrl-C ends leave their stores behind: this process takes them away.
    with TemporaryDirectory(prefix="meterfarm-") as folder, processes(workers) as pool, suppress(KeyboardInterrupt):
        waiting = [
            pool.submit(run_arm, name, seed, premises, days, Path(folder))
            for seed in numbers
            for name in (NO_COMPRESSION, codec)
        ]
        for done in as_completed(waiting):
            arm = done.result()
            arms[arm.seed, arm.codec] = arm
            step()
    pairs = [(arms.get((seed, NO_COMPRESSION)), arms.get((seed, codec))) for seed in numbers]
    whole = tuple((without, with_) for without, with_ in pairs if without is not None and with_ is not None)
    return Effects(codec, whole) if whole else None


def run_arm(codec: str, seed: int, premises: int, days: int, within: Path | None = None) -> Arm:
    """One run of the default scenario, SMETS2 meters alone; its store is kept for so long in ``within``."""
    scenario = load_scenario(
        None, premises=premises, seed=seed, days=days,
        networks={"compression": codec}, population={"smets1_share": 0.0},
    )  # fmt: skip
    with TemporaryDirectory(dir=within) as folder:
        run = SettlementRun(scenario, Path(folder))
        with run.store:
            run.execute()
            run.close()
            summary, latencies = finished(run, 0.0), by_network(run.store.query(FIRST_ATTEMPTS))
    return arm_of(summary, latencies)


def arm_of(summary: Mapping[str, Any], latencies: dict[str, dict[str, float]]) -> Arm:
    """The figures of a run from its summary."""
    reads = summary["reads"]
    return Arm(
        codec=summary["compression"]["codec"],
        seed=summary["seed"],
        layers={(row["network"], row["direction"]): {name: row[name] for name in LAYERS} for row in summary["layers"]},
        latencies=latencies,
        within_trt=reads["within_trt"] / reads["asked"] if reads["asked"] else 0.0,
        value_mismatches=summary["value_mismatches"],
        compression=summary["compression"],
        han_fragments=summary["han"]["fragments"],
    )


def by_network(rows: Iterable[tuple[str, list[float]]]) -> dict[str, dict[str, float]]:
    """What :data:`FIRST_ATTEMPTS` found, by network."""
    return {wan: dict(zip(LATENCIES, quantiles, strict=True)) for wan, quantiles in rows}


def effects_json(effects: Effects) -> dict[str, Any]:
    """What was found, for scripts."""
    return {
        "codec": effects.codec,
        "seeds": [with_.seed for _, with_ in effects.pairs],
        "value_mismatches": sum(arm.value_mismatches for pair in effects.pairs for arm in pair),
        "within_trt": [[arm.within_trt for arm in pair] for pair in effects.pairs],
        "compression": [with_.compression for _, with_ in effects.pairs],
        "layers": [
            {
                "network": network,
                "direction": direction,
                "layer": layer,
                **asdict(effects.ratio(network, direction, layer)),
            }
            for network in effects.networks()
            for direction in ("down", "up")
            for layer in LAYERS
        ],
        "latency": [
            {"network": network, "quantile": name, "before": asdict(before), "change": asdict(change)}
            for network in effects.networks()
            if all(network in arm.latencies for pair in effects.pairs for arm in pair)
            for name in LATENCIES
            for before, change in (effects.latency_change_s(network, name),)
        ],
    }
