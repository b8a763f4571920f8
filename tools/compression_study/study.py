"""The page of a compression study, and that of two runs compared."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.assumptions import Assumption
from emulator.compression import hub_costs, leakage
from emulator.compression.endpoint import Endpoint
from emulator.compression.header_context import HeaderContextCodec
from emulator.compression.mixes import load_mixes
from emulator.compression.registry import CODECS, codec_row
from emulator.run_folder import versions
from emulator.scenario_names import NO_COMPRESSION
from emulator.sm_wan import SmWan
from emulator.wan.model import not_modelled
from tools.compression.effects import Effects
from tools.compression.results import NOT_MODELLED
from tools.compression.tally import grouped
from tools.compression_study import effect_figures, ratio_figures
from tools.compression_study.facts import Facts
from tools.compression_study.findings import effect_findings, findings
from tools.compression_study.grids import codecs_grid, header_context_grid, needs_grid, ratios_grid
from tools.report.figure_style import Picture
from tools.report.words import duration, several
from tools.study.model import Grid, Part, Section, Study, Tile, Words


def compression_study(facts: Facts) -> Study:
    """Everything as sections."""
    measured = facts.outcome.measured
    return Study(
        kicker="meterfarm compress",
        title="Compression on the SM WAN",
        facts=(
            ("messages", facts.corpus.title),
            ("measured", f"{measured.messages:,} messages of {several(measured.conversations, 'hub')}"),
            ("every one", "back byte for byte"),
        ),
        tiles=tuple(_tiles(facts)),
        findings=findings(facts),
        sections=tuple(_sections(facts)),
        assumptions=_assumptions(facts),
        not_modelled=[("compress", text) for text in NOT_MODELLED]
        + [(part.__name__, not_modelled(part)) for part in (HeaderContextCodec, Endpoint, SmWan)],
        made_with=[*versions().items(), ("command", facts.call), ("took", duration(facts.wall_s))],
    )


def comparison_study(effects: Effects, call: str) -> Study:
    """Two runs, one beside the other."""
    without, with_ = effects.pairs[0]
    title = codec_row(effects.codec).title if effects.codec != NO_COMPRESSION else "no compression"
    return Study(
        kicker="meterfarm compress --compare",
        title="Two runs compared",
        facts=(("first", f"{without.codec}, seed {without.seed}"), ("second", f"{with_.codec}, seed {with_.seed}")),
        tiles=tuple(_effect_tiles(effects)),
        findings=tuple(effect_findings(effects)),
        sections=(Section("effects", f"Effects: {title}", _effect_parts(effects), short="Effects"),),
        not_modelled=[(SmWan.__name__, not_modelled(SmWan))],
        made_with=[*versions().items(), ("command", call)],
    )


def _tiles(facts: Facts) -> Iterator[Tile]:
    for role in ("supplier", "MDR"):
        ratio = facts.sizes.ratio("header_context", "ECS22b", role)
        if ratio is not None:
            yield Tile(f"{ratio:.2f}", f"of a daily read by {role}", "header context, command and answer")
    for direction in ("down", "up"):
        found = {
            name: tally.ratio
            for (name, way), tally in grouped(
                facts.outcome.measured.tallies, lambda key: (key.codec, key.direction)
            ).items()
            if way == direction and name in CODECS
        }
        if found:
            best = min(found, key=lambda name: found[name])
            yield Tile(f"{found[best]:.2f}", f"best of {len(found)} codecs, {direction}", codec_row(best).title)
    plain = next((leak for leak in facts.leaks if leak.padding == 0), None)
    if plain is not None:
        yield Tile(f"{plain.auc:.0%}", "of days away told by length", "rows coded before encryption, no padding")
    for effects in facts.effects:
        yield from _effect_tiles(effects)


def _effect_tiles(effects: Effects) -> Iterator[Tile]:
    for network in effects.networks()[:3]:
        down, up = (effects.ratio(network, direction, "air_s").mean for direction in ("down", "up"))
        yield Tile(f"{down:.2f} / {up:.2f}", "of air time, down / up", f"{effects.codec}, {network}")


def _sections(facts: Facts) -> Iterator[Section]:
    pictures = [ratio_figures.placement_picture(facts, direction) for direction in ("up", "down", "")]
    shown = [one for one in pictures if one is not None]
    parts: tuple[Part, ...] = (*shown, header_context_grid(facts), ratios_grid(facts))
    yield Section("ratios", "Ratio by read and placement", parts, short="Reads")
    mix = ratio_figures.mix_picture(facts)
    if mix is not None:
        lead = "Reads as a day brings them, by who asks and how many homes export."
        yield Section("half", "What 50 % would need", (mix, needs_grid(facts)), lead, short="50 %")
    framing = ratio_figures.framing_picture(facts)
    if framing is not None:
        yield Section("codecs", "Codec by codec", (framing, codecs_grid(facts)), short="Codecs")
    yield _effects(facts)
    leak = effect_figures.leak_picture(facts)
    if leak is not None:
        lead = "Hub schemes leave the ciphertext as long as it was. Coding before encryption does not."
        yield Section(
            "leakage", "What lengths tell", (leak, effect_figures.leak_grid(facts.leaks)), lead, short="Lengths"
        )


def _effects(facts: Facts) -> Section:
    parts: list[Part] = [part for effects in facts.effects for part in _effect_parts(effects)]
    if not parts:
        parts = [
            Words("No runs were made: ask for them with --seeds 5 (each seed is run with each codec and without).")
        ]
    parts.append(effect_figures.hub_grid(facts))
    lead = "The same days read over the same networks with the codec at both ends, real bytes all the way."
    return Section("effects", "Effects in a run, and cost in a hub", tuple(parts), lead, short="Effects")


def _effect_parts(effects: Effects) -> tuple[Picture | Grid, ...]:
    return (
        effect_figures.layers_picture(effects),
        effect_figures.layers_grid(effects),
        effect_figures.latency_grid(effects),
    )


def _assumptions(facts: Facts) -> list[Assumption]:
    leaks = leakage.ASSUMPTIONS if facts.leaks else ()
    return [*load_mixes().assumptions, *hub_costs.assumptions(), *leaks]
