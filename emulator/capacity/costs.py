"""PIA Tables 8 and 9 beside the load that they buy."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.capacity.pia import Volume, pia


@dataclass(frozen=True, slots=True)
class Cost:
    """Million pounds of one scenario, and what its service requests come to. ``srvs``: a day, as Table 5 has them."""

    scenario: Volume
    fixed: float
    variable_smets2: float
    variable_smets1: float
    srvs: float

    @property
    def variable(self) -> float:
        """Of both generations."""
        return self.variable_smets1 + self.variable_smets2

    @property
    def total(self) -> float:
        """Fixed and variable."""
        return self.fixed + self.variable

    @property
    def per_million_srvs(self) -> float:
        """Variable million pounds for each million service requests a day."""
        return self.variable / (self.srvs / 1e6)


def cost_of(scenario: Volume) -> Cost:
    """The costs of a scenario."""
    table = pia().costs
    return Cost(
        scenario,
        table.total.fixed,
        table.smets2.variable(scenario),
        table.smets1.variable(scenario),
        pia().volumes[scenario].srvs,
    )
