"""A rig that is ours: leased, its port open, its keys, users and counters at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from firmware_profiles import FirmwareProfile, load
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from rigs.config import Chf, Esme, RigConfig
from rigs.conversation import CaptureSink
from rigs.counters import CounterStore
from rigs.leases import HeldRig, hold, lease_store
from rigs.link import MessageLink
from rigs.linking import line_of, link_over
from rigs.policy import ReadingParameters, load_reading_parameters
from rigs.ports.port import LineSettings, Port
from rigs.ports.trace import TraceFile
from rigs.reading import RigReader
from rigs.users import broker_of, users_of


@dataclass(frozen=True, slots=True)
class OpenRig:
    """What stands behind a name, for as long as :func:`open_rig` lasts."""

    config: RigConfig
    device: Esme | Chf
    firmware: FirmwareProfile
    keys: KeyStore
    acb: Eui64
    users: Mapping[str, Eui64]
    counters: CounterStore
    held: HeldRig

    @property
    def port(self) -> Port:
        """The port that the device is behind; after a loss its next use opens it again."""
        return self.held.ports[self.config.link.port]

    @property
    def parameters(self) -> ReadingParameters:
        """How often and how long the device is asked."""
        return load_reading_parameters({"reading": self.config.reading}, label=f"rig {self.config.name}")

    @asynccontextmanager
    async def reader(
        self,
        port: Port | None = None,
        *,
        parameters: ReadingParameters | None = None,
        sink: CaptureSink | None = None,
    ) -> AsyncIterator[RigReader]:
        """Somebody who asks the device, until the link is lost; ``port`` stands in place of the rig's own.

        Raises PortLost where there is no way to the device.
        """
        async with self.link(port) as link, self.reader_over(link, parameters=parameters, sink=sink) as reader:
            yield reader

    def reader_over(
        self, link: MessageLink, *, parameters: ReadingParameters | None = None, sink: CaptureSink | None = None
    ) -> RigReader:
        """Somebody who asks the device over a link that is there already; use it as a context manager."""
        return RigReader(
            link,
            self.keys,
            self.counters,
            rig=self.config.name,
            is_emulated=self.device.emulated,
            parameters=parameters or self.parameters,
            sink=sink,
            acb=self.acb,
        )

    @asynccontextmanager
    async def link(self, port: Port | None = None) -> AsyncIterator[MessageLink]:
        """The bare link to the device, until it is lost; ``port`` stands in place of the rig's own. Raises PortLost."""
        link = await link_over(self.config, _Kept(self.port) if port is None else port)
        try:
            yield link
        finally:
            await link.close()

    async def reopen(self) -> None:
        """Open a lost port again, as long as its delays last. Raises PortLost, LeaseLost."""
        await self.held.ports[self.config.link.port].open()


class _Kept:
    """A port that whoever used it does not close: it is leased for longer."""

    def __init__(self, port: Port) -> None:
        self.url, self.port = port.url, port

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        return await self.port.read(size)

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self.port.write(data)

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self.port.configure(line)

    async def close(self) -> None:
        """Leave it open."""


@asynccontextmanager
async def open_rig(config: RigConfig) -> AsyncIterator[OpenRig]:
    """The rig, leased with all its ports, until the context ends; then everything is given back.

    Raises LocalError for a mistake in file or keys, Refused where somebody else has the rig, PortMissing. Where the
    lease is lost meanwhile the body is cancelled, and the context ends in LeaseLost.
    """
    device = config.device
    if not isinstance(device, Esme | Chf):
        raise LocalError(f"rig {config.name}: GBCS messages do not reach a device of kind {device.kind!r}")
    keys = KeyStore.read(device.keys)
    if not device.emulated:
        keys.refuse_test_keys(f"rig {config.name}, whose device is real")
    firmware, acb, users = load(device.firmware, [config.file.parent]), broker_of(keys), users_of(keys)
    store = lease_store(config.lease, config.state_folder)
    with ExitStack() as kept:
        traced = config.state_folder / f"{config.name}.trace.jsonl"
        trace = kept.enter_context(TraceFile(traced)) if config.trace else None
        holding = hold(
            config.name,
            store,
            {config.link.port: line_of(config)},
            heartbeat_s=config.lease.heartbeat_s,
            expires_after_s=config.lease.expires_after_s,
            trace=trace,
        )
        async with holding as held:
            counters = kept.enter_context(CounterStore(config.state_folder / f"{config.name}.counters.json"))
            yield OpenRig(config, device, firmware, keys, acb, users, counters, held)
