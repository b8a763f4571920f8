"""Open the rigs of a run before it begins, and let them go when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress

from emulator.clock import utc_now
from gbcs.errors import LocalError
from rigs.bridge.device import RigDevice
from rigs.config import Esme, RigConfig
from rigs.conversation import CaptureSink
from rigs.errors import RigError, RigTimeout
from rigs.loop_thread import LoopThread

OPENS_WITHIN_S = 60.0
"""Beside what the rig file gives its device to join."""

_ENDS_WITHIN_S = 10.0


@contextmanager
def rig_devices(
    configs: Mapping[str, RigConfig], now: Callable[[], float] = utc_now, sink: CaptureSink | None = None
) -> Iterator[dict[str, RigDevice]]:
    """The devices of rigs by name, leased and with their ports open, for as long as the context lasts.

    All of them or none. Raises LocalError for a rig whose device is no electricity meter, Refused, PortLost.
    """
    for config in configs.values():
        if not isinstance(config.device, Esme):
            raise LocalError(
                f"rig {config.name}: a slot takes an electricity meter, not a {config.device.kind!r} device"
            )
    if not configs:
        yield {}
        return
    thread = LoopThread("rigs of the run")
    serving: list[tuple[RigDevice, Future[None]]] = []
    try:
        serving.extend(
            _served(thread, RigDevice(config, now, sink), OPENS_WITHIN_S + config.timing.join_s)
            for config in configs.values()
        )
        yield {device.rig: device for device, _ in serving}
    finally:
        for device, _ in serving:
            device.end()
        wait([future for _, future in serving], _ENDS_WITHIN_S)
        thread.stop()


def _served(thread: LoopThread, device: RigDevice, within_s: float) -> tuple[RigDevice, Future[None]]:
    """A device that is ready. Raises what keeps it from that."""
    ready: Future[None] = Future()
    serving = thread.begin(device.serve(lambda: ready.set_result(None)))
    done, _ = wait((ready, serving), within_s, FIRST_COMPLETED)
    if serving in done:
        serving.result()
    if ready not in done:
        serving.cancel()
        with suppress(RigError):
            wait((serving,), _ENDS_WITHIN_S)
        raise RigTimeout(f"rig {device.rig} is not ready within {within_s:g} s")
    return device, serving
