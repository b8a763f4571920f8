"""What a compression study says in sentences, from its own numbers."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.compression import findings as measured
from emulator.compression.leakage import PADDINGS
from tools.compression.effects import Effects
from tools.compression_study.facts import Facts
from tools.report.findings import Finding
from tools.report.words import count

_SHOWN = ("uplink_floor", "command_sizes", "without_context", "twin", "conflicts")
"""The others have a table."""

_TOLD = 0.6
"""Above this, lengths tell more than a little."""


def findings(facts: Facts) -> tuple[Finding, ...]:
    """The sentences: of ratios, of runs, of lengths."""
    sentences = [Finding("note", one.text) for one in measured.findings(facts.sizes) if one.name in _SHOWN]
    effects = [finding for one in facts.effects for finding in effect_findings(one)]
    notes = [Finding("bad", note) for note in facts.outcome.notes]
    return (*sentences, *_half(facts), *effects, *_leaks(facts), *notes)


def _half(facts: Facts) -> Iterator[Finding]:
    """What 50 % needs, over all mixes."""
    rows = measured.needs(facts.sizes)
    for part in measured.PARTS:
        letters = [row.placement.letter if row.placement else "nothing here" for row in rows if row.part == part]
        if letters:
            shown = ", ".join(f"{letter} in {letters.count(letter)}" for letter in sorted(set(letters)))
            yield Finding(
                "note",
                f"50 % of the {part} needs, of {len(letters)} mixes of reads: {shown} (letters of the placements).",
            )


def effect_findings(effects: Effects) -> Iterator[Finding]:
    """What a codec did to runs."""
    arms = [arm for pair in effects.pairs for arm in pair]
    if all(without.codec == with_.codec for without, with_ in effects.pairs):
        yield Finding("note", f"Both runs have the same codec ({effects.codec}): what differs comes from elsewhere.")
    wrong = sum(arm.value_mismatches for arm in arms)
    if wrong:
        yield Finding("bad", f"{count(wrong)} values came back wrong.")
    else:
        yield Finding("good", f"In {len(arms)} runs every value came back as the meter held it.")
    for network in effects.networks():
        down, up = (effects.ratio(network, direction, "air_s") for direction in ("down", "up"))
        yield Finding(
            "note",
            f"{effects.codec} leaves {down.mean:.2f}{_interval(down.half_width)} of the air time down and"
            f" {up.mean:.2f}{_interval(up.half_width)} up on {network}.",
        )
    again = sum(with_.compression.get("sent_again", 0) for _, with_ in effects.pairs)
    yield Finding("note", f"{count(again)} messages were sent again because a context was lost.")


def _interval(half_width: float | None) -> str:
    return "" if half_width is None else f" ± {half_width:.2f}"


def _leaks(facts: Facts) -> Iterator[Finding]:
    if not facts.leaks:
        return
    plain = facts.leaks[0]
    yield Finding(
        "bad" if plain.auc > _TOLD else "good",
        "Rows coded before encryption tell a day on which nobody is at home by their length: right in"
        f" {plain.auc:.0%} of pairs without padding, {plain.bits:.2f} bits a day.",
    )
    safe = next((leak for leak in facts.leaks if leak.auc <= _TOLD), None)
    if safe is not None:
        yield Finding(
            "note",
            f"Padding {PADDINGS[safe.padding]} hides it ({safe.auc:.2f}, chance is 0.5) for"
            f" {safe.mean_bytes - plain.mean_bytes:.0f} bytes a day.",
        )
