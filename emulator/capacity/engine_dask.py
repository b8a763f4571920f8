"""Blocks on a Dask cluster: one that is running, or one of this machine. The one file that imports dask."""

# mypy: disable-error-code="no-untyped-call,type-arg"
# distributed comes without types for what is used here.
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from emulator.capacity.engine import Measured, Outcome, Sum, Watch, measured, peak_rss_bytes
from emulator.processes import holding_ctrl_c, processors
from gbcs.errors import LocalError

try:
    from distributed import Client, Future, KilledWorker, LocalCluster, wait
except ImportError:
    raise LocalError("engine dask needs the extra dask: pip install 'meterfarm[dask]'") from None

Item = TypeVar("Item")
Result = TypeVar("Result", bound=Sum)

_CONNECT_S, _LOOK_EVERY_S = 10.0, 0.5
_SCHEME = "dask://"


class Cluster:
    """Workers of a Dask cluster. Whoever runs a cluster installs meterfarm on all of its machines, in one version."""

    def __init__(self, address: str = "", workers: int = 0) -> None:
        """The scheduler at ``address``, ``HOST:PORT``; without one, a cluster of this machine with so many workers."""
        self.address, self.workers = address, workers or processors()
        self.connect_s = _CONNECT_S

    def map(self, task: Callable[[Item], Result], items: Sequence[Item], watch: Watch) -> Outcome[Result]:
        """See :class:`emulator.capacity.engine.Engine`.

        Raises LocalError where there is no scheduler, or for a block that ends every worker that takes it on.
        """
        outcome = Outcome[Result](of=len(items))
        with self._client() as client:
            died = _deaths(client)
            numbers = {client.submit(measured, task, item, pure=False): at for at, item in enumerate(items)}
            while numbers and not watch.stops():
                for future in _finished(list(numbers)):
                    outcome.add(_result(future, numbers[future]))
                    watch.done(items[numbers.pop(future)])
            client.cancel(list(numbers))
            outcome.deaths = _deaths(client) - died
        outcome.saw(("", 0), peak_rss_bytes())
        return outcome

    @contextmanager
    def _client(self) -> Iterator[Client]:
        if self.address:
            try:
                client = Client(f"tcp://{self.address}", timeout=self.connect_s)
            except OSError as error:
                why = str(error).splitlines()[0]
                raise LocalError(f"engine {_SCHEME}{self.address}: no scheduler answers there: {why}") from None
            with client:
                yield client
            return
        with holding_ctrl_c():
            cluster = LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster) as client:
            yield client


def dask_engine(spec: str = "", workers: int = 0) -> Cluster:
    """The cluster of a name like ``dask://10.0.0.1:8786``, or one of this machine. Raises LocalError for another."""
    address = spec.removeprefix(_SCHEME)
    host, _, port = address.rpartition(":")
    if spec and not (host and port.isdecimal()):
        raise LocalError(f"engine {spec!r} names no scheduler (write dask://HOST:8786)")
    return Cluster(address, workers)


def _finished(futures: list[Future]) -> list[Future]:
    """Those that are done, after a while at the latest."""
    try:
        wait(futures, _LOOK_EVERY_S, "FIRST_COMPLETED")
    except TimeoutError:
        return []
    return [future for future in futures if future.done()]


def _result(future: Future, number: int) -> Measured[Any]:
    try:
        result: Measured[Any] = future.result()
    except KilledWorker:
        raise LocalError(f"workers end while they work on block {number}: too little memory for it?") from None
    return result


def _deaths(client: Client) -> int:
    """Workers that the scheduler lost so far, those that left in peace not counted."""
    return int(client.run_on_scheduler(_lost))


def _lost(dask_scheduler: Any) -> int:
    events = (event for _, event in dask_scheduler.get_events("all"))
    return sum(event["action"] == "remove-worker" and not event["expected"] for event in events)
