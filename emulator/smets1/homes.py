"""The SMETS1 meters of a farm, made when they are first needed, and the dialogues that providers hold with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from emulator.esme.energy import MeterEnergy
from emulator.population import Population
from emulator.smets1.cohorts import Cohorts
from emulator.smets1.exchange import Ask, Exchange, Sizes
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.readers import FamilyReader, ServedMeter, family_reader
from gbcs.errors import LocalError

_FIRST_SERIAL = 260_000_000
"""Serial numbers are numbers: some dialects use them as addresses."""


class Homes:
    """Meters by premises, each behind its dialect: the emulator's own Dialogue, byte for byte.

    Does not model: meters that are exchanged; a meter that others read at the same time.
    """

    def __init__(self, population: Population, cohorts: Cohorts, energy: Callable[[int], MeterEnergy]) -> None:
        """``energy(premises)`` makes what the meter of a premises measures."""
        self._population, self._energy = population, energy
        self._rows = [cohorts.cohort[name] for name in population.names.cohort]
        self._served: dict[int, ServedMeter] = {}
        self._families: dict[str, FamilyReader] = {}
        self.sizes = Sizes()
        """What a model of sizes learns from."""
        self._digest = sha256()

    def __len__(self) -> int:
        """Meters made so far."""
        return len(self._served)

    @property
    def message_sha256(self) -> str:
        """SHA-256 over all bytes to and from meters, in the order in which they were sent."""
        return self._digest.hexdigest()

    def meter(self, premises: int) -> Smets1Meter:
        """The meter of a premises. Raises LocalError for a SMETS2 one."""
        return self._serve(premises).meter

    def hold(self, premises: int, asks: Sequence[Ask], now: float) -> Exchange:
        """See :class:`~emulator.smets1.exchange.Dialogue`."""
        family = self._family(premises)
        exchange = family.hold(self._serve(premises), asks, now, self._digest.update)
        self.sizes.learn(family.name, asks, exchange, now)
        return exchange

    def _serve(self, premises: int) -> ServedMeter:
        served = self._served.get(premises)
        if served is None:
            if not self._population.is_smets1(premises):
                raise LocalError(f"the meter of premises {premises} is no SMETS1 one")
            served = self._family(premises).serve(self._energy(premises), str(_FIRST_SERIAL + premises))
            self._served[premises] = served
        return served

    def _family(self, premises: int) -> FamilyReader:
        name = self._rows[self._population.cohort[premises]].profile.value
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = family_reader(name)
        return family
