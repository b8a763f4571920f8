"""The lower layers of a fake module: frames under the network key, counters that only rise, who has which address."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64
from rigs.fake_ezsp.memory import LinkKey, Memory, Network
from rigs.fake_ezsp.timers import Timers
from rigs.radio import mac, nwk
from rigs.radio.mac import MacFrame
from rigs.radio.nwk import NwkFrame, Secured

Transmit = Callable[[int, bytes], object]
"""Takes a channel and a frame with its FCS: an air."""
OnKey = Callable[[bytes, str], object]
"""Hears of every key that a module gets to know, with what it is for: a capture."""


class Radio:
    """What the other parts of a fake module send and receive with.

    Does not model: channel access, MAC acknowledgements and retries, signal strength, several hops and routes, sleeping
    children and their polls, the 868 MHz band.
    """

    def __init__(self, memory: Memory, timers: Timers, random: Random, transmit: Transmit) -> None:
        self.memory, self.timers, self.random = memory, timers, random
        self.on_mac: list[Callable[[MacFrame, float], object]] = []
        self.on_nwk: list[Callable[[NwkFrame, Secured | None, float], object]] = []
        self.on_key: OnKey = lambda *_: None
        self.listens_on: int | None = None
        self.counters = {"mac_tx": 0, "mac_rx": 0, "nwk_decrypt_failures": 0, "replays": 0}
        self._transmit = transmit
        self._mac_sequence, self._nwk_sequence = random.randrange(256), random.randrange(256)
        self._seen: dict[Eui64, int] = {}

    @property
    def network(self) -> Network:
        """The network that the module is on; only asked for where there is one."""
        assert self.memory.network is not None  # noqa: S101 - callers look first
        return self.memory.network

    @property
    def is_up(self) -> bool:
        """Whether the module is on a network and has its key."""
        network = self.memory.network
        return network is not None and bool(network.key) and self.listens_on == network.channel

    def next_sequence(self) -> int:
        """The next MAC sequence number."""
        self._mac_sequence = (self._mac_sequence + 1) & 0xFF
        return self._mac_sequence

    def transmit(self, frame: MacFrame, channel: int | None = None) -> None:
        """Put a frame on the air."""
        chosen = self.listens_on if channel is None else channel
        if chosen is not None:
            self.counters["mac_tx"] += 1
            self._transmit(chosen, mac.on_air(frame))

    def send(self, destination: int, payload: bytes, *, secured: bool = True) -> None:
        """Send a payload of the application layer, under the network key unless it brings that key."""
        network = self.network
        self._nwk_sequence = (self._nwk_sequence + 1) & 0xFF
        frame = NwkFrame(destination, network.short, self._nwk_sequence, payload)
        by = self.stamp() if secured else None
        data = nwk.encode(frame, by, network.key, network.key_sequence)
        to = mac.BROADCAST if destination >= nwk.FIRST_BROADCAST else destination
        self.transmit(mac.DataFrame(self.next_sequence(), network.pan, to, network.short, data))

    def stamp(self) -> Secured:
        """The module as the sender of its next secured frame."""
        self.memory.frame_counter += 1
        return Secured(self.memory.eui, self.memory.frame_counter)

    def receive(self, channel: int, data: bytes, now: float) -> None:
        """Take a frame from the air. What is spoilt, foreign or on another channel is not heard."""
        if channel != self.listens_on:
            return
        try:
            frame = mac.parse(data)
        except DecodeError:
            return
        self.counters["mac_rx"] += 1
        if isinstance(frame, mac.DataFrame):
            self._data(frame, now)
            return
        for handler in self.on_mac:
            handler(frame, now)

    def _data(self, frame: mac.DataFrame, now: float) -> None:
        network = self.memory.network
        if network is None or frame.pan != network.pan or frame.destination not in (network.short, mac.BROADCAST):
            return
        try:
            found, secured = nwk.decode(frame.payload, network.key)
        except AuthenticationError:
            self.counters["nwk_decrypt_failures"] += 1
            return
        except DecodeError:
            return
        if secured is not None:
            if secured.counter <= self._seen.get(secured.sender, -1):
                self.counters["replays"] += 1
                return
            self._seen[secured.sender] = secured.counter
            self.remember(found.source, secured.sender)
        for handler in self.on_nwk:
            handler(found, secured, now)

    # ------------------------------------------------------------------ addresses and keys

    def remember(self, short: int, eui: Eui64) -> None:
        """Keep who has a short address."""
        devices = self.memory.devices
        if devices.get(short) != eui:
            for old in [other for other, known in devices.items() if known == eui]:
                del devices[old]
            devices[short] = eui

    def short_of(self, eui: Eui64) -> int | None:
        """The short address of a device, where it is known."""
        if self.memory.network is not None and eui == self.memory.eui:
            return self.network.short
        return next((short for short, known in self.memory.devices.items() if known == eui), None)

    def link_key(self, partner: Eui64) -> LinkKey | None:
        """The key shared with a partner; on a joined device that of the trust centre to begin with."""
        return self.memory.link_keys.get(partner)

    def learn(self, partner: Eui64, key: bytes, label: str) -> LinkKey:
        """Share a new key with a partner; counters start anew with it."""
        known = self.memory.link_keys.get(partner)
        if known is None or known.key != key:
            known = self.memory.link_keys[partner] = LinkKey(key)
        self.on_key(key, label)
        return known

    def forget(self) -> None:
        """Leave the network and forget what belongs to it."""
        self.memory.network = None
        self.memory.devices.clear()
        self._seen.clear()
        self.listens_on = None
        self.memory.save()
