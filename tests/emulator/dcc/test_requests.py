"""A finished read fits the result store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from head_end_bench import Bench

from emulator.store import ResultStore


def test_the_row_of_a_finished_read_is_the_row_of_the_store(tmp_path: Path) -> None:
    bench = Bench(premises=30)
    for request in bench.plan.requests():
        bench.kernel.run(request.due_at)
        bench.kernel.now = request.due_at
        bench.head_end.submit(request, request.due_at)
    bench.kernel.run()
    table: dict[str, Any] = bench.population.table()
    with ResultStore(tmp_path, table) as store:
        for finished in bench.finished:
            store.add_read(*finished.store_row("wan_down"))  # type: ignore[arg-type]
        kept = store.query(
            "SELECT read_id, srv, use_case, role, user_id, premises, mpan_kind, mode, for_settlement, phase, latency_s,"
            " trt_s, within_trt, attempts, outcome, leg, bytes_down, bytes_up, rows, device FROM reads ORDER BY read_id"
        )
    expected = [
        (
            f.request.id, f.request.srv, f.request.use_case.use_case, f.request.role, f.request.user.name,
            f.request.premises, f.request.mpan_kind, f.request.mode, f.request.for_settlement, "D+1", f.latency_s,
            f.request.trt_s, f.within_trt, f.attempts, f.outcome, f.leg or "wan_down", f.bytes_down, f.bytes_up, f.rows,
            table["device"][f.request.premises],
        )
        for f in sorted(bench.finished, key=lambda finished: finished.request.id)
    ]  # fmt: skip
    assert kept == expected and len(kept) > 30
