"""What a run shows, in sentences: what a reader would otherwise have to find in the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

from emulator.store_schema import REREAD
from tools.report.model import Complete, Group, RunData, Unanswered
from tools.report.words import count, duration, leg, percent, plain, rate, several

Kind = Literal["good", "note", "bad"]

_CAUSES_SHOWN: Final = 6
_REASONS_SHOWN: Final = 3
_MEDIAN: Final = 50
"""Place of the median in the latencies of a curve, which begin with the least and go on by hundredths."""

_VERBS: Final = {
    "refused": ("was refused", "were refused"),
    "failed": ("got no answer", "got no answer"),
    "error": ("was answered with an error", "were answered with an error"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and whether it is good news, bad news or neither."""

    kind: Kind
    text: str


def findings(data: RunData) -> list[Finding]:
    """The sentences, the most telling first."""
    if "external" in data.summary:
        return list(_external(data.summary["external"]))
    if not data.total.asked:
        return [Finding("bad", "No read was made.")]
    parts = (_values, _rigs, _answers, _causes, _completeness, _retries, _networks, _load)
    return list(chain.from_iterable(part(data) for part in parts))


def _external(told: Mapping[str, Any]) -> Iterator[Finding]:
    """What an external head-end sent."""
    number = told["commands"]
    if not number:
        yield Finding("bad", "No command of the external head-end arrived.")
        return
    kinds = ", ".join(f"{name} ({count(times)})" for name, times in told["use_cases"].items())
    yield Finding("note", f"{several(number, 'command')} of the external head-end arrived: {kinds}.")
    for outcome, times in told["outcomes"].items():
        yield Finding("good" if outcome == "answered" else "bad", f"{several(times, 'command')}: {outcome}.")
    if told["with_problems"]:
        yield Finding("bad", f"{several(told['with_problems'], 'command')} do not hold: {told['first_problems'][0]}.")
    else:
        yield Finding("good", "Every command holds: MAC, signature, use case, permission, counter.")


def wrong_values(data: RunData) -> int | None:
    """How many values that came back differ from what the meter held; None when the run did not get to say."""
    number = data.summary.get("value_mismatches")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _values(data: RunData) -> Iterator[Finding]:
    wrong = wrong_values(data)
    if wrong:
        yield Finding("bad", f"{several(wrong, 'value')} that came back differ from what the meters held.")
    elif wrong == 0 and data.total.answered:
        whose = " from an emulated meter" if data.summary.get("rigs") else ""
        yield Finding("good", f"Every value that came back{whose} equals what the meter held.")


def _rigs(data: RunData) -> Iterator[Finding]:
    """What stood in the slots that are real, and that nobody could look into its memory."""
    for row in data.summary.get("rigs", ()):
        answered = f"{count(row['answered'])} of {several(row['reads'], 'read')} answered"
        text = f"Premises {row['premises']} ({row['device']}): {row['values']}; {answered}"
        if row["lost"]:
            yield Finding("bad", f"{text}; {row['lost']}.")
        else:
            yield Finding("note", f"{text}; MAC, form, order and completeness were checked.")


def _answers(data: RunData) -> Iterator[Finding]:
    total = data.total
    late = total.answered - total.within_trt
    text = f"{count(total.answered)} of {several(total.asked, 'read')} were answered ({percent(total.answered_share)})"
    if late:
        yield Finding("bad", f"{text}, {count(late)} of them later than their target response time.")
    elif total.answered:
        yield Finding("good", f"{text}, all of them within their target response time; {_margin(total)}.")
    else:
        yield Finding("bad", f"{text}.")


def _margin(total: Group) -> str:
    if total.max_of_trt is None:
        return f"the slowest took {duration(total.max_s)}"
    return f"the one nearest to its target used {percent(total.max_of_trt)} of it, the slowest {duration(total.max_s)}"


def _causes(data: RunData) -> Iterator[Finding]:
    by_cause: defaultdict[tuple[str, str, str], list[Unanswered]] = defaultdict(list)
    for row in data.unanswered:
        by_cause[row.outcome, row.leg, row.reason].append(row)
    causes = sorted(by_cause.values(), key=lambda rows: -sum(row.reads for row in rows))
    for rows in causes[:_CAUSES_SHOWN]:
        yield Finding("bad", _cause(rows, data.total.asked))
    rest = [row for rows in causes[_CAUSES_SHOWN:] for row in rows]
    if rest:
        reads = several(sum(row.reads for row in rest), "read")
        yield Finding("bad", f"{reads} more brought no values for other reasons: see the table.")


def _cause(rows: list[Unanswered], asked: int) -> str:
    """One sentence: "3 of 1,412 reads were refused at the DSP: 4.1.1 by MDR: ..."."""
    first, reads = rows[0], sum(row.reads for row in rows)
    verb = _VERBS.get(first.outcome, (first.outcome, first.outcome))[reads != 1]
    where = f" ({leg(first.leg)})" if first.leg else ""
    whose = [f"{row.srv} by {row.role}" + (f" ({count(row.reads)})" if len(rows) > 1 else "") for row in rows]
    text = f"{count(reads)} of {several(asked, 'read')} {verb}{where}: {', '.join(whose)}"
    return f"{text}: {first.reason}." if first.reason else f"{text}."


def _completeness(data: RunData) -> Iterator[Finding]:
    if data.completeness and all(row.present == row.expected for row in data.completeness):
        yield Finding("good", "Every value that settlement expects was there at every checkpoint.")
    shown: dict[tuple[str, str], int] = {}
    for row in data.completeness:
        key = row.granularity, row.mpan_kind
        # A checkpoint at which nothing changed says nothing new.
        if row.present != row.expected and shown.get(key) != row.present:
            yield Finding("bad", _incomplete(data, row))
        shown[key] = row.present


def _incomplete(data: RunData, row: Complete) -> str:
    if row.checkpoint == REREAD:
        return _reread(data, row)
    name = f"{plain(row.granularity)} {row.mpan_kind}".capitalize()
    text = (
        f"{name} is {percent(row.share)} complete at {row.checkpoint} ({count(row.present)} of {count(row.expected)})"
    )
    key = row.checkpoint, row.granularity, row.mpan_kind
    main = next((one.reason for one in data.phase_reasons if (one.phase, one.granularity, one.mpan_kind) == key), "")
    return f"{text}; most often: {main}." if main else f"{text}."


def _reread(data: RunData, row: Complete) -> str:
    """What a late re-read could still serve, and why not the rest: meters answer it with fewer rows, not an error."""
    text = (
        f"Of half-hourly {row.mpan_kind} read again at RF, {percent(row.share)} could still be served "
        f"({count(row.present)} of {count(row.expected)} half-hours)"
    )
    rows = data.summary.get("reread_reasons", ())
    reasons = [f"{one['reason']} ({count(one['rows'])})" for one in rows if one["mpan_kind"] == row.mpan_kind]
    return f"{text}: {'; '.join(reasons[:_REASONS_SHOWN])}." if reasons else f"{text}."


def _retries(data: RunData) -> Iterator[Finding]:
    again = [(attempts, reads) for attempts, reads in data.attempts if attempts > 1]
    if again:
        reads = sum(number for _, number in again)
        share = percent(reads / data.total.asked)
        yield Finding("note", f"{several(reads, 'read')} ({share}) took more than one command, {again[-1][0]} at most.")


def _networks(data: RunData) -> Iterator[Finding]:
    ordered = sorted(data.cdfs, key=lambda cdf: cdf.latency_s[_MEDIAN])
    if len(ordered) > 1:
        fast, slow = ordered[0], ordered[-1]
        yield Finding(
            "note",
            f"Slowest network: {slow.wan}, with half of its answers within {duration(slow.latency_s[_MEDIAN])};"
            f" quickest: {fast.wan}, {duration(fast.latency_s[_MEDIAN])}.",
        )


def _load(data: RunData) -> Iterator[Finding]:
    load = data.rate
    if load.mean_per_s:
        yield Finding(
            "note",
            f"{several(load.messages, 'message')} crossed the SM WAN for D+1 in {duration(load.span_s)}:"
            f" {rate(load.mean_per_s)} a second, {rate(load.peak_per_s)} in the busiest minute.",
        )
