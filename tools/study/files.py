"""The tables of a study as CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from tools.study.model import Grid, Scalar

_TYPES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


def write_tables(grids: Iterable[Grid], folder: Path) -> list[Path]:
    """Write each table as ``KEY.csv`` and ``KEY.parquet``, values as they are. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with duckdb.connect() as database:
        for grid in grids:
            kinds = [_type([row[at] for row in grid.rows]) for at in range(len(grid.columns))]
            columns = ", ".join(f'"{column.name}" {kind}' for column, kind in zip(grid.columns, kinds, strict=True))
            database.execute(f"CREATE OR REPLACE TABLE grid ({columns})")
            if grid.rows:
                places = ", ".join("?" for _ in grid.columns)
                database.executemany(f"INSERT INTO grid VALUES ({places})", [list(row) for row in grid.rows])
            written += [_copy(database, folder / f"{grid.key}.{kind}", kind) for kind in ("csv", "parquet")]
    return written


def _copy(database: duckdb.DuckDBPyConnection, file: Path, kind: str) -> Path:
    database.execute(f"COPY grid TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT {kind})")
    return file


def _type(values: list[Scalar]) -> str:
    """The type of a column: that of its values, whole numbers beside others being numbers like these."""
    kinds: set[type[Any]] = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return _TYPES[float]
    return _TYPES.get(kinds.pop(), "VARCHAR") if len(kinds) == 1 else "VARCHAR"
