"""The page of a capacity study."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.capacity.demand import Demand
from emulator.capacity.radio import RadioModel
from emulator.run_folder import versions
from emulator.wan.model import not_modelled
from tools.capacity_study import codec_figures, day_figures, figures, grids, party_grids, radio_figures
from tools.capacity_study.both_engines import both_section
from tools.capacity_study.day import DayFacts
from tools.capacity_study.facts import Facts
from tools.capacity_study.findings import findings
from tools.report.words import count, duration, size
from tools.study.model import Section, Study, Tile, Words


def capacity_study(facts: Facts) -> Study:
    """Everything as sections."""
    scenario = facts.scenario
    return Study(
        kicker="meterfarm capacity",
        title=f"Capacity, scenario {scenario.title}",
        facts=(
            ("meters", f"{scenario.meters.esmes.value / 1e6:.1f}m"),
            ("export", f"{scenario.meters.export_take_up.value:.0%}"),
            ("by data retrievers", f"{scenario.demand.mdr_share.value:.0%}"),
            ("in the MHHS window", f"{scenario.in_window_share:.0%}"),
            ("seed", str(facts.region.seed)),
        ),
        tiles=tuple(_tiles(facts)),
        findings=findings(facts),
        sections=tuple(_sections(facts)),
        assumptions=facts.assumptions,
        not_modelled=[(part.__name__, not_modelled(part)) for part in (Demand, RadioModel)],
        made_with=[
            *versions().items(),
            ("command", f"meterfarm capacity --scenario {scenario.name} --seed {facts.region.seed}"),
            ("took", duration(facts.effort.wall_s)),
        ],
    )


def _tiles(facts: Facts) -> Iterator[Tile]:
    demand = facts.demand
    yield Tile(f"{demand.total_srvs / 1e6:.1f}m", "service requests a day", "for settlement alone")
    yield Tile(
        size(demand.total_bytes), "a day on the SM WAN", f"{demand.total_bytes / demand.total_srvs:,.0f} bytes each"
    )
    peak = float((demand.by_hour(demand.srvs * demand.flagged) / 3600).sum(axis=0).max())
    yield Tile(f"{count(peak)}/s", "in the busiest hour", "all networks together")
    yield Tile(f"{facts.table5.worst:.1%}", "worst of Table 5", "six figures, three fitted numbers")
    held = sum(verdict.holds for verdict in facts.table7)
    margin = min(verdict.margin for verdict in facts.table7)
    yield Tile(f"{held} of {len(facts.table7)}", "rows of Table 7", f"least margin {margin:.1%}")
    yield Tile(f"{facts.region.share['strict']:.2%}", "of the networks that might be", "give Table 7, strict reading")
    if facts.day is not None:
        asked = sum(one.asked for one in facts.day.networks())
        within = sum(one.within_trt for one in facts.day.networks()) / asked
        yield Tile(f"{within:.1%}", "within their target", f"of {asked / 1e6:.1f}m reads asked{_of_part(facts.day)}")
    if facts.sample is not None:
        sample = facts.sample
        yield Tile(f"{sample.reads_per_s:,.0f}/s", "reads byte for byte", f"{sample.premises:,} premises sampled")
    agreeing = sum(checked.verdict == "agrees" for checked in facts.checklist)
    yield Tile(f"{agreeing} of {len(facts.checklist)}", "checklist rows agree", "with the PIA")


def _of_part(day: DayFacts) -> str:
    return "" if day.part == 1 else f", scaled from {day.part:.4g} of the meters"


def _sections(facts: Facts) -> Iterator[Section]:
    yield Section(
        "table-5", "Table 5: volumes", short="Table 5",
        lead="What half-hourly settlement asks for a day, from the bytes of single messages up. The PIA's spreadsheet"
             " is not public, so this is a reconstruction, with its errors.",
        parts=(figures.table5_picture(facts), figures.errors_picture(facts), grids.table5_grid(facts),
               grids.sizes_grid()),
    )  # fmt: skip
    yield Section(
        "load", "Load over the day", short="Load",
        parts=(figures.load_picture(facts), grids.networks_grid(facts), figures.rates_picture(facts),
               grids.hours_grid(facts), grids.rates_grid(facts), grids.demand_grid(facts)),
    )  # fmt: skip
    if facts.day is not None:
        yield _day(facts.day, facts)
    if facts.both is not None:
        yield both_section(facts.both)
    yield Section(
        "table-7", "Table 7: radio channels of CSP North", short="Table 7",
        lead="Frames, rate and loss are those of the radio that a run uses, the load that of Table 5; sites, headroom"
             " and baseline are assumed and fitted, so what counts is each margin and the region around this point.",
        parts=(radio_figures.table7_picture(facts), grids.table7_grid(facts), radio_figures.channels_picture(facts)),
    )  # fmt: skip
    yield Section(
        "region", "Where Table 7 holds", short="Region",
        parts=(radio_figures.region_picture(facts), radio_figures.priors_picture(facts), grids.radio_grid(facts)),
    )  # fmt: skip
    yield Section(
        "compression", "What compression gives", short="Compression",
        lead="One ratio for everything is an assumption; here every message goes through the codec, and both ends of"
             " the link know what the same read a day before has taught them.",
        parts=(codec_figures.codecs_picture(facts), codec_figures.codecs_grid(facts)),
    )  # fmt: skip
    yield Section(
        "shares", "Shares of the networks", short="Shares",
        lead="The PIA and its providers say several things of them that do not fit together: a tick is a statement that"
             " a choice agrees with.",
        parts=(grids.shares_grid(facts),),
    )  # fmt: skip
    yield _settlement(facts)
    yield Section(
        "costs", "Costs", parts=(figures.costs_picture(facts), grids.costs_grid(facts)),
    )  # fmt: skip
    yield Section(
        "checklist", "The PIA's checklist", short="Checklist",
        lead="Every row of it: what the PIA says, what comes out here, and whether the two agree.",
        parts=(grids.checklist_grid(facts),),
    )  # fmt: skip


def _day(day: DayFacts, facts: Facts) -> Section:
    part = (
        ""
        if day.part == 1
        else (
            f" {day.part:.4g} of the meters and base stations were looked at, in the same proportions; counts are"
            " scaled to the whole country, shares are not. The busiest sites of the country are not among so few."
        )
    )
    ended = "" if day.is_whole else f" It was ended early: {day.blocks_done} of {day.blocks} blocks are in it."
    lead = (
        f"{facts.scenario.meters.esmes.value / 1e6:.1f} million meters through the networks of a run, as statistics:"
        f" queues at every base station, losses, outages, retries and follow-ups; {day.option.channels} channels a site"
        f" in the North, messages {'compressed' if day.option.compressed else 'as they are'}.{part}{ended}"
    )
    parts = (
        day_figures.day_load_picture(day), day_figures.networks_grid(day), day_figures.latency_picture(day),
        day_figures.trt_picture(day), day_figures.attainment_grid(day), day_figures.stations_picture(day),
        day_figures.motorway_grid(day, facts.scenario), party_grids.parties_grid(day), party_grids.hours_grid(day),
        day_figures.completeness_grid(day),
    )  # fmt: skip
    return Section("day", "A statistical day", parts, lead, short="Day")


def _settlement(facts: Facts) -> Section:
    title = "Settlement and target response times"
    if facts.sample is None:
        return Section("settlement", title, (Words("No byte-exact sample was run."),), short="Settlement")
    lead = (
        f"From {facts.sample.premises:,} premises of this scenario, read byte for byte over the modelled networks:"
        " PM 3.1 are reads of existing services within their target, PM 3.3 those for settlement."
    )
    parts = (grids.attainment_grid(facts.sample), grids.completeness_grid(facts.sample))
    return Section("settlement", title, parts, lead, short="Settlement")
