"""What was measured, as the JSON object of ``meterfarm compress --json`` and as the sizes behind the findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from emulator.compression.findings import findings
from emulator.compression.mixes import Place, Sizes, load_mixes, mix_ratios
from emulator.compression.placements import PAYLOAD, PLACEMENTS
from gbcs.catalogue import by_use_case
from gbcs.errors import LocalError
from tools.compression.engine import Outcome
from tools.compression.framing import links
from tools.compression.reading import Corpus
from tools.compression.tally import Key, Measured, Tally, grouped

NOT_MODELLED = (
    "the processor, the memory and the flash of a hub: seconds are those of this machine, in Python",
    "how rules, dictionaries and certificates get into hubs, and how their versions change",
    "messages of other devices and use cases in the made corpus, and reads that are repeated",
)


def sizes_of(measured: Measured) -> Sizes:
    """Mean sizes by use case, role, kind of meter and direction."""
    raw, floor = dict[Place, float](), dict[Place, float]()
    sent: dict[str, dict[Place, float]] = {}
    for key, tally in measured.tallies.items():
        place = Place(key.use_case, key.role, key.kind, key.direction)
        sent.setdefault(key.codec, {})[place] = tally.sent_bytes / tally.n
        if key.codec != PAYLOAD and "payload" not in key.codec:
            raw.setdefault(place, tally.raw_bytes / tally.n)
            floor.setdefault(place, tally.floor_bytes / tally.n)
    return Sizes(raw, floor, sent)


def as_json(outcome: Outcome, corpus: Corpus, wall_s: float) -> dict[str, Any]:
    """Everything that was measured."""
    measured, sizes = outcome.measured, sizes_of(outcome.measured)
    return {
        "corpus": corpus.title,
        "status": "complete" if outcome.is_complete else "interrupted",
        "messages": measured.messages,
        "conversations": measured.conversations,
        "skipped": corpus.skipped,
        "wall_s": round(wall_s, 2),
        "coded_messages": sum(tally.n for tally in measured.tallies.values()),
        "rows": [_row(key, tally) for key, tally in measured.tallies.items()],
        "directions": _sums(measured, lambda key: (key.codec, key.direction), ("codec", "direction")),
        "learning": [
            {"codec": codec, "direction": direction, "n": tally.n, "ratio": _round(tally.ratio)}
            for (codec, direction), tally in grouped(measured.learning, lambda key: (key.codec, key.direction)).items()
        ],
        "placements": [
            {
                "placement": place.letter,
                "title": place.title,
                "measured": place.measured,
                "conflicts": list(place.conflicts),
                "rows": _placement_rows(sizes, place.measured),
            }
            for place in PLACEMENTS
        ],
        "mixes": [asdict(ratios) for place in PLACEMENTS for ratios in mix_ratios(sizes, place.measured)],
        "batches": [
            {**key._asdict(), "n": tally.n, "ratio": _round(tally.ratio)} for key, tally in measured.batches.items()
        ],
        "findings": [asdict(finding) for finding in findings(sizes)],
        "notes": list(outcome.notes),
        "assumptions": [asdict(assumption) for assumption in load_mixes().assumptions],
        "not_modelled": list(NOT_MODELLED),
    }


def _row(key: Key, tally: Tally) -> dict[str, Any]:
    return {
        "use_case": key.use_case,
        "srv": srv_of(key.use_case),
        "direction": key.direction,
        "role": key.role,
        "kind": key.kind,
        "codec": key.codec,
        **_figures(tally),
    }


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "n": tally.n,
        "raw_bytes": tally.raw_bytes,
        "sent_bytes": tally.sent_bytes,
        "ratio": _round(tally.ratio),
        "floor": _round(tally.floor),
        "on_air": {link: _round(tally.on_air_ratio(link)) for link in links()},
        "encode_us": round(tally.encode_s / tally.n * 1e6, 1) if tally.n else 0.0,
        "decode_us": round(tally.decode_s / tally.n * 1e6, 1) if tally.n else 0.0,
    }


def _sums(measured: Measured, of: Callable[[Key], tuple[str, ...]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {**dict(zip(names, key, strict=True)), **_figures(tally)}
        for key, tally in grouped(measured.tallies, of).items()
    ]


def _placement_rows(sizes: Sizes, measured: str) -> list[dict[str, Any]]:
    found = []
    for use_case, role, kind in dict.fromkeys((place.use_case, place.role, place.kind) for place in sizes.raw):
        ratios = {
            name: sizes.ratio(measured, use_case, role, direction, kind)
            for name, direction in (("down", "down"), ("up", "up"), ("total", ""))
        }
        if ratios["total"] is not None:
            row = {"use_case": use_case, "srv": srv_of(use_case), "role": role, "kind": kind}
            found.append({**row, **{name: _round(ratio or 0.0) for name, ratio in ratios.items()}})
    return found


def srv_of(use_case: str) -> str:
    """The service request of a use case, or nothing."""
    try:
        srvs = by_use_case(use_case).srvs
    except LocalError:
        return ""
    return srvs[0] if srvs else ""


def _round(ratio: float) -> float:
    return round(ratio, 4)
