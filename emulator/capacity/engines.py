"""Engines by name."""

from __future__ import annotations

from emulator.capacity.engine import Engine, Here, Pool
from gbcs.errors import LocalError

ENGINES = "pool, pool:WORKERS, here, dask, dask:WORKERS, dask://HOST:PORT"


def make_engine(spec: str = "pool") -> Engine:
    """The engine of a name. Raises LocalError for one that is not known, or whose library is not installed."""
    name, _, rest = spec.partition(":")
    if name == "here" and not rest:
        return Here()
    if name == "pool":
        return Pool(_workers(spec, rest))
    if name == "dask":
        # The one engine that needs dask pays for it, and says so when it is missing.
        from emulator.capacity.engine_dask import dask_engine  # noqa: PLC0415

        return dask_engine(spec) if rest.startswith("//") else dask_engine("", _workers(spec, rest))
    raise LocalError(f"engine {spec!r} is not known (allowed: {ENGINES})")


def _workers(spec: str, number: str) -> int:
    if not number:
        return 0
    if not number.isdecimal() or not int(number):
        raise LocalError(f"engine {spec!r}: {number!r} is no number of workers (allowed: {ENGINES})")
    return int(number)
