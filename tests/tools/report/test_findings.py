"""The sentences of a report."""

from __future__ import annotations

from dataclasses import replace

from emulator.run_folder import RunFolder
from tools.report.data import load
from tools.report.findings import findings
from tools.report.model import Complete, PhaseReason, RunData, Unanswered


def texts(data: RunData, kind: str | None = None) -> list[str]:
    return [one.text for one in findings(data) if kind in (None, one.kind)]


def test_good_news_only_when_it_is_so(finished_data: RunData) -> None:
    assert "Every value that came back equals what the meter held." in texts(finished_data, "good")
    wrong = replace(finished_data, summary={**finished_data.summary, "value_mismatches": 2})
    assert texts(wrong, "bad")[0] == "2 values that came back differ from what the meters held."
    unknown = replace(finished_data, summary={})
    assert not any("what the meter" in text for text in texts(unknown))


def test_late_answers_are_bad_news(finished_data: RunData) -> None:
    total = replace(finished_data.total, asked=10, answered=9, within_trt=7)
    late = replace(finished_data, total=total)
    assert "9 of 10 reads were answered (90.0 %), 2 of them later than their target response time." in texts(
        late, "bad"
    )


def test_refused_reads_name_who_asked_and_why(finished_data: RunData) -> None:
    reason = "GBCS 4.3 gives the access control broker no ECS17b"
    refused = [Unanswered("refused", "4.1.1", "MDR", "dsp", reason, 3, 3)]
    data = replace(finished_data, unanswered=refused, total=replace(finished_data.total, asked=1412))
    assert f"3 of 1,412 reads were refused (at the DSP): 4.1.1 by MDR: {reason}." in texts(data, "bad")


def test_alike_causes_are_one_sentence_and_many_are_cut_short(finished_data: RunData) -> None:
    alike = [Unanswered("failed", srv, "IS", "hub", "buffer full", 2, 9) for srv in ("4.8.1", "4.6.1")]
    data = replace(finished_data, unanswered=alike)
    [told] = [text for text in texts(data, "bad") if "buffer" in text]
    assert told.startswith(f"4 of {data.total.asked:,} reads got no answer (at the comms hub): ")
    assert told.endswith(" hub): 4.8.1 by IS (2), 4.6.1 by IS (2): buffer full.")
    many = [Unanswered("error", "4.8.1", "IS", "esme", f"reason {number}", 1, 9) for number in range(9)]
    shown = texts(replace(finished_data, unanswered=many), "bad")
    assert sum("was answered with an error" in text for text in shown) == 6
    assert any(text.startswith("3 reads more") for text in shown)


def test_incompleteness_is_told_with_its_reason_once(finished_data: RunData) -> None:
    rows = [Complete("half_hourly", "export", point, 100, present) for point, present in
            (("D+1", 90), ("SF", 90), ("RF", 0))]  # fmt: skip
    reasons = [
        PhaseReason("RF", "half_hourly", "import", "other", 9),
        PhaseReason("RF", "daily", "export", "another", 8),
        PhaseReason("RF", "half_hourly", "export", "the export log holds 93 days", 5),
    ]
    data = replace(finished_data, completeness=rows, phase_reasons=reasons)
    told = [text for text in texts(data, "bad") if text.startswith("Half-hourly")]
    assert told == [
        "Half-hourly export is 90.0 % complete at D+1 (90 of 100).",
        "Half-hourly export is 0 % complete at RF (0 of 100); most often: the export log holds 93 days.",
    ]


def test_a_run_without_reads_says_so_and_nothing_else(empty_run: RunFolder) -> None:
    assert texts(load(empty_run.path)) == ["No read was made."]
