from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from device_in_thread import EUI, DeviceInThread
from slots import RIG, SECONDS
from smets2_only import smets2_only

from emulator.clock import ScaledClock
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.external import Arrival, DeviceSide
from emulator.farm import Farm
from emulator.kernel import Kernel
from emulator.population import populate
from emulator.scenario import Scenario, load_scenario
from emulator.slots import RealDevice, placed
from gbcs.catalogue import by_use_case
from gbcs.gbt import GbtEndpoint, GbtSettings, is_block
from gbcs.times import DAY_S, HALF_HOUR_S

DAY = 848_707_200 - DAY_S
NOW = float(DAY + DAY_S + 600)


class World:
    """Three premises without a head-end, in virtual time unless a clock is given."""

    def __init__(
        self, scenario: Scenario | None = None, device: RealDevice | None = None, clock: ScaledClock | None = None
    ) -> None:
        self.scenario = scenario or smets2_only(premises=3)
        self.population = populate(self.scenario)
        devices = placed(self.population, self.scenario, {device.rig: device}) if device is not None else {}
        self.farm = Farm(self.scenario, self.population, DAY // DAY_S, DAY // DAY_S)
        self.kernel = Kernel(NOW, clock)
        self.said: list[bytes] = []
        self.arrivals: list[Arrival] = []
        self.heard: Callable[[bytes], object] = self.said.append
        self.side = DeviceSide(
            self.scenario, self.population, self.farm, self.kernel, devices, self.say, self.arrivals.append
        )
        self.broker = AccessControlBroker(self.farm.acb, self.farm.keys, OriginatorCounters())

    def say(self, message: bytes) -> None:
        self.heard(message)

    def command(self, premises: int = 1, days: int = 1) -> bytes:
        parties = [party.eui for party in self.population.parties() if party.role == "IS"]
        user = parties[self.population.import_supplier[premises]]
        bounds = DAY + DAY_S - days * DAY_S + HALF_HOUR_S, DAY + DAY_S
        device = self.population.esme(premises)
        return self.broker.command(by_use_case("ECS22b"), "IS", user, device, NOW, *bounds).command

    def arrive(self, *messages: bytes) -> None:
        for number, message in enumerate(messages):
            self.kernel.at(NOW + number, self.side.arrived, message)
        self.kernel.run()
        self.side.close()


def test_answers_go_back_and_arrivals_are_kept() -> None:
    world = World()
    world.arrive(world.command(0), world.command(2))
    assert len(world.said) == 2 and world.side.summary()["outcomes"] == {"answered": 2}
    assert all(one.answered_after_s and one.answered_after_s > 0.1 and not one.problems for one in world.arrivals)


def test_a_resend_is_one_command_and_a_stranger_is_none_of_ours() -> None:
    world = World()
    command = world.command()
    stranger = bytearray(command)
    at = command.index(world.population.esme(1))
    stranger[at : at + 8] = bytes.fromhex("0011223344556677")
    world.arrive(command, command, bytes(stranger), b"noise")
    told = world.side.summary()
    assert told["resends"] == 1 or told["outcomes"]["answered"] == 2
    assert told["outcomes"]["dropped: nobody here has this identifier"] == 2 and told["with_problems"] == 2


def test_the_meter_says_why_it_drops_a_command() -> None:
    world = World()
    command = world.command()
    world.arrive(command[:-1] + bytes((command[-1] ^ 1,)))
    assert world.side.summary()["outcomes"] == {"dropped by the meter: bad MAC": 1} and not world.said


def test_long_answers_come_in_blocks_that_the_head_end_acknowledges() -> None:
    world = World()
    endpoint, whole = GbtEndpoint(GbtSettings()), list[bytes]()

    def heard(message: bytes) -> None:
        world.said.append(message)
        turn = endpoint.receive(message, world.kernel.now)
        whole.extend(turn.messages)
        for block in turn.blocks:
            world.kernel.at(world.kernel.now + 0.1, world.side.arrived, block)

    world.heard = heard
    world.arrive(world.command(days=6))
    assert len(whole) == 1 and len(whole[0]) > 2400 and all(map(is_block, world.said))
    assert world.side.summary()["outcomes"] == {"answered": 1} and world.side.summary()["commands"] == 1


def test_a_real_device_answers_an_external_head_end(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text('name = "test"\n' + SECONDS + RIG, encoding="utf-8")
    scenario = load_scenario(file)
    with DeviceInThread(scenario).running() as device:
        world = World(scenario, device, ScaledClock())
        world.broker = device.broker
        assert world.population.esme(2) == EUI

        def heard(message: bytes) -> None:
            world.said.append(message)
            world.kernel.stop()

        world.heard = heard
        world.kernel.at(NOW + 30, world.kernel.stop)
        world.arrive(world.command(2))
    assert len(world.said) == 1 and world.side.summary()["outcomes"] == {"answered": 1}
    assert not world.arrivals[0].problems and not device.meter.discarded
