"""The result store: what was asked, what came back, what is missing, in one DuckDB file.

The hot path only appends tuples to lists (about a microsecond a read); every ``block_reads`` reads the lists become
numpy columns that DuckDB scans in place (a dict of arrays needs neither pandas nor pyarrow) in one transaction, so a
run that is cut short leaves whole blocks and nothing else. Columns are described in :mod:`emulator.store_schema`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.store_schema import DAY_PERIODS, HALF_HOUR_COLUMNS, PARQUET_TABLES, READ_COLUMNS, ddl
from gbcs.errors import LocalError
from gbcs.times import EPOCH, HALF_HOUR_S

FILE_NAME = "results.duckdb"

Column = NDArray[Any]
Columns = Mapping[str, Column | Sequence[object]]

_UNIX_EPOCH_S = (EPOCH - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
_BLOCK_VALUES = 4_000_000
"""Values that may wait in memory before a block is written, whatever the number of reads (32 MB)."""

_CONFIG: dict[str, str | int | float | list[str]] = {"threads": 1, "checkpoint_threshold": "256MB"}
"""One thread: a farm counts its speed per core. Few checkpoints: a block waits safely in the log file."""

_SLOTS = np.arange(DAY_PERIODS, dtype=np.int64) * HALF_HOUR_S
_FROM_PREMISES = ("csp", "wan", "device")
"""Columns of ``reads`` that are looked up by premises, so that nobody hands them over for every read."""

_UNWRITABLE = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
"""What DuckDB raises when a disk is full or a file cannot be written."""

_VALUE_KEYS = ("read_id", "premises", "channel")
_GIVEN = tuple(name for name, _ in READ_COLUMNS if name not in _FROM_PREMISES)
_TYPE = dict(READ_COLUMNS)


class ResultStore:
    """Collects reads, values and gaps of one run and writes them to ``results.duckdb`` in the run folder.

    ``premises`` holds one entry per premises and at least the columns ``csp``, ``wan`` and ``device`` (text); it
    becomes the table ``premises``, of which a report also wants ``granularity``. Use the store as a context manager or
    call :meth:`close`; the file is readable after every block.
    """

    def __init__(self, folder: Path, premises: Columns, *, block_reads: int = 10_000) -> None:
        self.path = folder / FILE_NAME
        if self.path.exists():
            raise LocalError(f"{self.path} exists already: a store is made new for each run")
        self._lookup = {name: _objects(premises[name]) for name in _FROM_PREMISES}
        self._reads: list[tuple[Any, ...]] = []
        self._values: list[tuple[int, int, str, Any, Any]] = []
        self._gaps: list[tuple[Any, ...]] = []
        self._waiting_values = 0
        self._block_reads = block_reads
        self._db = duckdb.connect(str(self.path), config=_CONFIG)
        self._open = True
        for statement in ddl():
            self._db.execute(statement)
        self._make_premises(premises)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ the hot path

    def add_read(
        self,
        read_id: int,
        srv: str,
        use_case: str,
        role: str,
        user_id: str,
        premises: int,
        mpan_kind: str,
        mode: str,
        for_settlement: bool,
        phase: str,
        day: float,
        asked_from: float | None,
        asked_to: float | None,
        requested_at: float,
        sent_at: float | None,
        answered_at: float | None,
        trt_s: float,
        latency_s: float | None,
        within_trt: bool,
        attempts: int,
        outcome: str,
        reason: str,
        leg: str,
        bytes_down: int,
        bytes_up: int,
        rows: int,
    ) -> None:
        """Keep one finished read. Instants are seconds since 2000 (``day``: start of the UTC day); None is NULL."""
        self._reads.append(
            (
                read_id, srv, use_case, role, user_id, premises, mpan_kind, mode, for_settlement, phase, day,
                asked_from, asked_to, requested_at, sent_at, answered_at, trt_s, latency_s, within_trt, attempts,
                outcome, reason, leg, bytes_down, bytes_up, rows,
            )
        )  # fmt: skip
        if len(self._reads) >= self._block_reads or self._waiting_values >= _BLOCK_VALUES:
            self.flush()

    def add_values(
        self, read_id: int, premises: int, channel: str, stamps: Column | Sequence[int], values: Column | Sequence[int]
    ) -> None:
        """Keep the values of one channel of a read; ``stamps`` are seconds since 2000, at the end of the half-hour.

        Both must have the same length and must not be changed afterwards: they are kept, not copied.
        """
        self._values.append((read_id, premises, channel, stamps, values))
        self._waiting_values += len(values)

    def add_gaps(
        self,
        premises: int,
        mpan_kind: str,
        srv: str,
        settlement_day: float,
        periods: Sequence[int],
        stamps: Sequence[float],
        leg: str,
        reason: str,
        filled: str = "",
    ) -> None:
        """Name half-hours of a local settlement day that were missing at D+1, where they were lost, and if for good.

        ``periods`` count from 1 (0 is the one value of a day or month), ``stamps`` has one for each; ``filled`` names
        the checkpoint at which they were in after all, empty where they never came. ``settlement_day`` is any instant
        whose UTC date is that of the local day (midnight will do).
        """
        for period, stamp in zip(periods, stamps, strict=True):
            self._gaps.append((premises, mpan_kind, srv, settlement_day, period, stamp, leg, reason, filled))

    # ------------------------------------------------------------------ once a run

    def add_completeness(self, granularity: str, mpan_kind: str, checkpoint: str, expected: int, present: int) -> None:
        """Keep how many half-hours (or daily, monthly values) were expected and present at a checkpoint."""
        row = [granularity, mpan_kind, checkpoint, int(expected), int(present)]
        self._db.execute("INSERT INTO completeness VALUES (?, ?, ?, ?, ?)", row)

    def add_assumptions(self, assumptions: Iterable[Assumption]) -> None:
        """Keep what the run took for granted; a name given twice is kept once."""
        known = {name for (name,) in self._db.execute("SELECT name FROM assumptions").fetchall()}
        for one in assumptions:
            if one.name not in known:
                known.add(one.name)
                row = [one.name, one.value, one.confidence, one.source]
                self._db.execute("INSERT INTO assumptions VALUES (?, ?, ?, ?)", row)

    def flush(self) -> None:
        """Write what waits as one transaction. Nothing is lost or doubled when it is interrupted: it waits on.

        Raises LocalError where the disk is full.
        """
        reads, values, gaps = self._reads, self._values, self._gaps
        if not (reads or values or gaps):
            return
        self._db.execute("BEGIN TRANSACTION")
        try:
            self._write_reads(reads)
            self._write_values(values)
            self._write_gaps(gaps)
            self._db.execute("COMMIT")
        except BaseException as error:
            # A commit that found no space has ended the transaction itself.
            with suppress(duckdb.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, _UNWRITABLE):
                raise LocalError(f"{self.path} cannot be written: {error}") from error
            raise
        self._reads, self._values, self._gaps, self._waiting_values = [], [], [], 0

    def close(self) -> None:
        """Write what waits and close the file; calling it again does nothing."""
        if not self._open:
            return
        self.flush()
        self._db.close()
        self._open = False

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a question to everything added so far."""
        self.flush()
        return self._db.execute(sql).fetchall()

    def export_parquet(self, folder: Path) -> list[Path]:
        """Write each table as ``<table>.parquet`` into ``folder`` (made when absent) and return the files."""
        self.flush()
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{table}.parquet" for table in PARQUET_TABLES]
        for table, file in zip(PARQUET_TABLES, files, strict=True):
            target = str(file).replace("'", "''")
            self._db.execute(f"COPY {table} TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        return files

    # ------------------------------------------------------------------ summaries

    def totals(self) -> dict[str, Any]:
        """``reads`` {asked, answered, within_trt}, ``bytes`` {up, down}, ``retries``, ``messages`` so far."""
        asked, answered, within, down, up, retries, messages = self.query(
            "SELECT count(*), count(*) FILTER (outcome = 'answered'), count(*) FILTER (within_trt),"
            " coalesce(sum(bytes_down), 0), coalesce(sum(bytes_up), 0), coalesce(sum(greatest(attempts - 1, 0)), 0),"
            " coalesce(sum(attempts), 0) + count(answered_at) FROM reads"
        )[0]
        return {
            "reads": {"asked": asked, "answered": answered, "within_trt": within},
            "bytes": {"up": int(up), "down": int(down)},
            "retries": int(retries),
            "messages": int(messages),
        }

    def gap_list(self) -> list[dict[str, Any]]:
        """The gaps, one entry per premises, day, MPAN kind, SRV, leg and reason, with the list of its ``periods``."""
        rows = self.query(
            "SELECT premises, device, settlement_day, mpan_kind, srv, list(period ORDER BY period), leg, reason,"
            " filled FROM gaps GROUP BY ALL ORDER BY premises, settlement_day, mpan_kind DESC, srv, leg, reason, filled"
        )
        names = ("premises", "device", "settlement_day", "mpan_kind", "srv", "periods", "leg", "reason", "filled")
        return [{**dict(zip(names, row, strict=True)), "settlement_day": row[2].isoformat()} for row in rows]

    # ------------------------------------------------------------------ blocks to columns

    def _make_premises(self, premises: Columns) -> None:
        block = {
            name: _objects(column) if _is_text(column) else np.asarray(column) for name, column in premises.items()
        }
        block = {"premises": np.arange(len(self._lookup["device"]), dtype=np.int32), **block}
        self._insert("CREATE TABLE premises AS SELECT {columns} FROM block", block)

    def _write_reads(self, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        given = dict(zip(_GIVEN, zip(*rows, strict=True), strict=True))
        which = np.array(given["premises"], dtype=np.int32)
        block: dict[str, Column] = {name: column[which] for name, column in self._lookup.items()}
        for name, column in given.items():
            block[name] = _column(column, _TYPE[name])
        self._insert("INSERT INTO reads BY NAME SELECT {columns} FROM block", block)

    def _write_values(self, rows: list[tuple[int, int, str, Any, Any]]) -> None:
        by_length: defaultdict[int, list[tuple[int, int, str, Any, Any]]] = defaultdict(list)
        for row in rows:
            by_length[len(row[4])].append(row)
        for length, group in by_length.items():
            if length:
                self._write_same_length(length, group)

    def _write_same_length(self, length: int, rows: list[tuple[int, int, str, Any, Any]]) -> None:
        read_ids, premises, channels, stamp_parts, value_parts = zip(*rows, strict=True)
        stamps = np.concatenate(stamp_parts).reshape(-1, length).astype(np.int64)
        values = np.concatenate(value_parts).reshape(-1, length)
        keys = np.array(read_ids, dtype=np.int64), np.array(premises, dtype=np.int32), np.array(channels, dtype=object)
        whole = np.zeros(len(rows), dtype=bool)
        if length == DAY_PERIODS:
            whole = (stamps == stamps[:, :1] + _SLOTS).all(axis=1)
        if whole.all():
            self._write_days(keys, stamps[:, 0], values)
            return
        if whole.any():
            self._write_days(_pick(whole, keys), stamps[whole, 0], values[whole])
        self._write_singles(_pick(~whole, keys), stamps[~whole], values[~whole])

    def _write_days(self, keys: tuple[Column, ...], first_stamps: Column, values: Column) -> None:
        block: dict[str, Column] = dict(zip(_VALUE_KEYS, keys, strict=True))
        block["first_stamp"] = _timestamps(first_stamps)
        block.update(zip(HALF_HOUR_COLUMNS, values.T.astype(np.int64, order="C"), strict=True))
        self._insert("INSERT INTO half_hours BY NAME SELECT {columns} FROM block", block)

    def _write_singles(self, keys: tuple[Column, ...], stamps: Column, values: Column) -> None:
        repeated = (np.repeat(key, stamps.shape[1]) for key in keys)
        block: dict[str, Column] = dict(zip(_VALUE_KEYS, repeated, strict=True))
        block |= {"stamp": _timestamps(stamps.ravel()), "value": values.ravel().astype(np.int64)}
        self._insert("INSERT INTO single_values BY NAME SELECT {columns} FROM block", block)

    def _write_gaps(self, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        names = ("premises", "mpan_kind", "srv", "settlement_day", "period", "stamp", "leg", "reason", "filled")
        types = ("INTEGER", "VARCHAR", "VARCHAR", "DATE", "INTEGER", "TIMESTAMP", *("VARCHAR",) * 3)
        columns = zip(names, zip(*rows, strict=True), types, strict=True)
        block = {name: _column(column, kind) for name, column, kind in columns}
        block["device"] = self._lookup["device"][block["premises"]]
        self._insert("INSERT INTO gaps BY NAME SELECT {columns} FROM block", block)

    def _insert(self, statement: str, block: dict[str, Column]) -> None:
        """Run a statement over ``block``, which DuckDB finds by its name among the local variables."""
        self._db.execute(statement.format(columns=", ".join(f'"{name}"' for name in block)))


def _is_text(column: Column | Sequence[object]) -> bool:
    return len(column) > 0 and isinstance(column[0], str)


def _objects(column: Column | Sequence[object]) -> Column:
    """A column of text in the one form that DuckDB scans quickly: an array of Python objects."""
    return np.array(column, dtype=object)


def _pick(mask: Column, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(column[mask] for column in columns)


def _column(values: Sequence[Any], kind: str) -> Column:
    """A tuple of Python values as the numpy column that DuckDB casts to ``kind``; None and NaN become NULL."""
    if kind == "VARCHAR":
        return np.array(values, dtype=object)
    if kind == "BOOLEAN":
        return np.array(values, dtype=np.bool_)
    if kind in ("BIGINT", "INTEGER"):
        return np.array(values, dtype=np.int64 if kind == "BIGINT" else np.int32)
    seconds = np.array(values, dtype=np.float64)
    return seconds if kind == "DOUBLE" else _timestamps(seconds)


def _timestamps(seconds: Column) -> Column:
    """Seconds since 2000 as datetime64 microseconds since 1970; NaN as NaT."""
    if seconds.dtype.kind == "f":
        known = np.isfinite(seconds)
        micros = np.rint((np.where(known, seconds, 0.0) + _UNIX_EPOCH_S) * 1e6).astype(np.int64)
        made = micros.view("datetime64[us]")
        made[~known] = np.datetime64("NaT")
        return made
    return ((seconds + int(_UNIX_EPOCH_S)) * 1_000_000).astype(np.int64).view("datetime64[us]")
