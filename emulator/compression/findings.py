"""What measured sizes say, in words: each finding is made of the numbers that it shows, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from emulator.compression.mixes import MixRatios, Place, Sizes, mix_ratios
from emulator.compression.placements import PLACEMENTS, Placement
from emulator.compression.registry import CODECS
from gbcs.catalogue import by_use_case

HALF = 0.5
"""The compression that the CSP's assessment assumes (PIA, CSP North: impact of message compression)."""

CONFLICTS = {
    "DA3": "DA3 (no changes to any smart metering devices)",
    "A4": "A4 (no changes to comms hub functionality)",
    "A13": "A13 (compression is in scope, and in the price)",
}
"""The assumptions of the PIA that compression touches."""

_DAILY = "ECS22b"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement. ``values`` are the numbers in it, by name."""

    name: str
    text: str
    values: Mapping[str, float]


def findings(sizes: Sizes) -> list[Finding]:
    """All that the sizes allow to be said."""
    return [finding for make in _MAKERS for finding in make(sizes)]


def _floor(sizes: Sizes) -> Iterator[Finding]:
    """How far the uplink of a daily read can be compressed at all."""
    values = {
        role: sizes.floor[place] / sizes.raw[place]
        for role in ("supplier", "MDR")
        if (place := Place(_DAILY, role, "single", "up")) in sizes.raw
    }
    if values:
        shown = ", ".join(f"{value:.2f} ({role})" for role, value in values.items())
        yield Finding(
            "uplink_floor",
            f"Ciphertext, tag and MAC are {shown} of the answer to a daily 4.8.1: no lossless scheme without keys "
            "comes below that on the uplink.",
            values,
        )


def _commands(sizes: Sizes) -> Iterator[Finding]:
    """What a certificate costs."""
    places = {role: Place(_DAILY, role, "single", "down") for role in ("supplier", "MDR")}
    if any(place not in sizes.raw for place in places.values()):
        return
    values = {role: sizes.raw[place] for role, place in places.items()}
    coded = sizes.sent.get("header_context", {}).get(places["MDR"])
    behind = "" if coded is None else f"; header context with a certificate store makes {coded:.0f} bytes of it"
    yield Finding(
        "command_sizes",
        f"An MDR's command for a daily 4.8.1 has {values['MDR']:.0f} bytes, a supplier's {values['supplier']:.0f}: the "
        f"MDR's brings its certificate{behind}.",
        values if coded is None else {**values, "MDR_header_context": coded},
    )


def _generic(sizes: Sizes) -> Iterator[Finding]:
    """Whether compressors off the shelf help without shared context."""
    ratios = {
        name: ratio
        for name, row in CODECS.items()
        if row.kind == "single" and (ratio := sizes.ratio(name, _DAILY, "supplier", "up")) is not None
    }
    if ratios:
        best = min(ratios, key=lambda name: ratios[name])
        yield Finding(
            "without_context",
            f"Off the shelf and message by message, without shared context, the best compressor ({best}) leaves "
            f"{ratios[best]:.2f} of the answer to a daily 4.8.1.",
            ratios,
        )


def _header_context(sizes: Sizes) -> Iterator[Finding]:
    """Header context, read by read."""
    for (use_case, role), ratio in _totals(sizes, "header_context").items():
        srv = by_use_case(use_case).srvs[0]
        yield Finding(
            f"header_context_{use_case}_{role}",
            f"Header context at the hub leaves {ratio:.2f} of command and answer of {srv} ({use_case}) by {role}.",
            {"ratio": ratio},
        )


def _totals(sizes: Sizes, measured: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for place in sizes.raw:
        if place.kind == "single" and (place.use_case, place.role) not in found:
            ratio = sizes.ratio(measured, place.use_case, place.role)
            if ratio is not None:
                found[place.use_case, place.role] = ratio
    return found


def _twin(sizes: Sizes) -> Iterator[Finding]:
    """Twin elements."""
    single = sizes.ratio("header_context", _DAILY, "supplier", "up")
    twin = sizes.ratio("header_context", _DAILY, "supplier", "up", "twin")
    if single is not None and twin is not None:
        yield Finding(
            "twin",
            f"The answer of a twin-element meter has more ciphertext: header context leaves {twin:.2f} of it, of a "
            f"single-element one {single:.2f}.",
            {"single": single, "twin": twin},
        )


PARTS: Mapping[str, Callable[[MixRatios], float]] = {
    "uplink": lambda ratios: ratios.up,
    "command and answer": lambda ratios: ratios.total,
    "command, answer and transport": lambda ratios: ratios.with_transport,
}


@dataclass(frozen=True, slots=True)
class Need:
    """One mix and part: what each placement leaves of it by letter, and the least one that reaches half, if any."""

    mix: str
    part: str
    reached: Mapping[str, float]
    placement: Placement | None


def needs(sizes: Sizes) -> list[Need]:
    """What 50 % needs: every mix and part that was measured."""
    by_placement = {place: mix_ratios(sizes, place.measured) for place in PLACEMENTS}
    found: list[Need] = []
    for position, mix in enumerate(ratios.mix for ratios in by_placement[PLACEMENTS[1]]):
        for part, value in PARTS.items():
            reached = {
                place.letter: value(ratios[position])
                for place, ratios in by_placement.items()
                if len(ratios) > position
            }
            found.append(Need(mix.name, part, reached, needed(reached)))
    return found


def _half(sizes: Sizes) -> Iterator[Finding]:
    """What 50 % needs, mix by mix and direction by direction."""
    for need in needs(sizes):
        yield Finding(f"half_{need.mix}_{need.part}", f"{need.mix}, {need.part}: {_needs(need.reached)}", need.reached)


def _needs(reached: Mapping[str, float]) -> str:
    first = needed(reached)
    shown = ", ".join(f"{letter} {ratio:.2f}" for letter, ratio in reached.items())
    if first is None:
        return f"50 % is out of reach ({shown})."
    against = " and ".join(CONFLICTS[name] for name in first.conflicts)
    return f"50 % needs {first.letter} ({first.title}), against {against} ({shown})."


def needed(reached: Mapping[str, float]) -> Placement | None:
    """The placement that reaches half with the fewest conflicts; None where none does."""
    return next((place for place in _BY_CONFLICTS if reached.get(place.letter, 1.0) <= HALF), None)


_BY_CONFLICTS: tuple[Placement, ...] = tuple(
    sorted(PLACEMENTS, key=lambda place: ("DA3" in place.conflicts, len(place.conflicts), place.letter != "b"))
)


def _conflicts(_: Sizes) -> Iterator[Finding]:
    """Which assumptions of the PIA cannot hold together."""
    yield Finding(
        "conflicts",
        f"{CONFLICTS['A13']} cannot hold beside {CONFLICTS['A4']}: every placement at the hub (a, b, e) changes it. "
        f"Before encryption (c, d) it is {CONFLICTS['DA3']} that breaks, and GBCS with it.",
        {},
    )


_MAKERS = (_floor, _commands, _generic, _header_context, _twin, _half, _conflicts)
