"""A real device as a run sees it: keys and counters of its own, answering from another thread in its own time."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Thread

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from emulator.farm import ROLES
from emulator.population import populate
from emulator.scenario import Scenario
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, from_datetime

EUI = bytes.fromhex("0011223344556677")
OTHER_KEYS = 4711
"""Not the key seed of any farm here."""

Answers = Callable[[Esme, bytes, float], list[bytes]]


def answering(meter: Esme, message: bytes, now: float) -> list[bytes]:
    """A device that works."""
    return list(meter.receive(message, now))


class DeviceInThread:
    """One meter behind a queue each way."""

    def __init__(
        self, scenario: Scenario, rig: str = "bench-3", answers: Answers = answering, age_days: float = 1_000.0
    ) -> None:
        self.rig, self.eui, self.answers, self.trouble = rig, EUI, answers, ""
        parties = populate(scenario).parties()
        known = {party.eui: ROLES[party.role] for party in parties if party.role in ("IS", "NO")}
        known[DCC_ACB] = RemotePartyRole.ACCESS_CONTROL_BROKER
        keys = SeededKeyStore(OTHER_KEYS, {**{party.eui: ROLES[party.role] for party in parties}, **known})
        midnight = datetime.fromisoformat(f"{scenario.date}T00:00:00+00:00") + timedelta(days=1)
        self.now = from_datetime(midnight) + DAY_S / 2
        commissioned_at = self.now - age_days * DAY_S
        self.energy = MeterEnergy(energy_model("single_rate", export=True), 99, commissioned_at=commissioned_at)
        self.meter = Esme(EUI, keys, DCC_ACB, known, LiveObjects(self.energy))
        self.keys = keys
        self.broker = AccessControlBroker(DCC_ACB, keys, OriginatorCounters())
        self.asked: list[bytes] = []
        self._inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.heard: Callable[[bytes], None] = lambda _: None
        self.lost: Callable[[str], None] = lambda _: None

    def connect(self, heard: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        self.heard, self.lost = heard, lost

    def send(self, message: bytes) -> None:
        self.asked.append(message)
        self._inbox.put(message)

    def work(self) -> None:
        while (message := self._inbox.get()) is not None:
            for answer in self.answers(self.meter, message, self.now):
                self.heard(answer)

    @contextmanager
    def running(self) -> Iterator[DeviceInThread]:
        thread = Thread(target=self.work)
        thread.start()
        try:
            yield self
        finally:
            self._inbox.put(None)
            thread.join()
