"""``meterfarm emulate --from-capture``: a traced run is loaded, and its meters answer what nobody asked in it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gfi_line import DEADLINE_S
from shell import meterfarm

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import OriginatorCounters
from emulator.farm import Farm
from emulator.population import populate
from emulator.recorded import RecordedDevice, exchanges_of, record_devices
from emulator.scenario import load_scenario
from gbcs.catalogue import by_use_case
from gbcs.keystore import KeyStore
from gbcs.reads import ReadValues
from gbcs.security import DCC_ACB
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.gfi import GfiLink
from rigs.ports.opening import open_port
from tools.emulate_capture import load_recorded
from tools.recordings import read_messages

PREMISES, SEED = 8, 3
MDR = bytes.fromhex("024d46f000040001")
NOON = 848_016_000
ACTIVE_IMPORT = "0-0:99.1.0.255"


class Traced:
    """A run that was traced and captured, the keys of its farm, and the farm made again from the scenario."""

    def __init__(self, folder: Path) -> None:
        options = ("--premises", str(PREMISES), "--seed", str(SEED), "--trace", "--no-report", "--json")
        self.pcap = folder / "han.pcap"
        ran = meterfarm("run", *options, "--pcap", str(self.pcap), "--into", str(folder))
        assert ran.code == 0, ran.err
        run_folder = Path(ran.json()["run_folder"])
        self.trace, self.keys = run_folder / "trace.jsonl", folder / "keys"
        scenario = load_scenario(str(run_folder / "scenario.toml"))
        made = meterfarm(
            "keys", "new", str(self.keys), "--seed", str(scenario.key_seed), "--devices", str(PREMISES), "--users", "4"
        )
        assert made.code == 0, made.err
        first_day = int(np.floor(self._times()[0] / DAY_S)) - 1
        self.farm = Farm(scenario, populate(scenario), first_day, first_day + 1)
        self.now = self._times()[-1]

    def _times(self) -> list[float]:
        return [json.loads(line)["t"] for line in self.trace.read_text().splitlines()]

    def describe(self, source: Path, *more: str) -> dict[str, Any]:
        return meterfarm("emulate", "--from-capture", str(source), *more, "--print", "--json").json()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("traced"))


@pytest.fixture(scope="module")
def loaded(traced: Traced) -> dict[bytes, RecordedDevice]:
    """The meters of the trace whose half-hourly import was read."""
    devices = record_devices(exchanges_of(read_messages(traced.trace)), KeyStore.read(traced.keys))
    found = {eui: one for eui, one in devices.items() if ACTIVE_IMPORT in {known.log for known in one.coverage()}}
    assert len(found) >= 3
    return found


def newest(device: RecordedDevice) -> int:
    """The newest stamp of half-hourly import that is known."""
    return next(one.last for one in device.coverage() if one.log == ACTIVE_IMPORT)


def window(traced: Traced, device: bytes, last: int) -> tuple[AccessControlBroker, Sent]:
    """A read that the run did not make: five half-hours, for a data retriever."""
    broker = AccessControlBroker(DCC_ACB, KeyStore.read(traced.keys), OriginatorCounters())
    first = last - 4 * HALF_HOUR_S
    return broker, broker.command(by_use_case("ECS22b"), "MDR", MDR, device, traced.now + 60, first, last)


def test_a_served_meter_answers_a_new_window_and_a_new_user_like_the_original(
    traced: Traced, loaded: dict[bytes, RecordedDevice]
) -> None:
    device, recorded = next(iter(loaded.items()))
    broker, sent = window(traced, device, newest(recorded))
    assert sent.command.hex() not in traced.trace.read_text()
    values = broker.open(served(traced, device, sent), sent)
    assert_like_the_original(traced, device, sent, values)


def served(traced: Traced, device: bytes, sent: Sent) -> bytes:
    command = [sys.executable, "-m", "tools.cli", "emulate", "--from-capture", str(traced.trace)]
    options = ["--keys", str(traced.keys), "--device", device.hex(), "--gfi", "tcp://127.0.0.1:0"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            ready = process.stdout.readline()
            assert ready.startswith("listening on tcp://"), process.stderr.read()
            answer = asyncio.run(_asked(ready.removeprefix("listening on tcp:").strip(), device, sent.command))
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()
    return answer


async def _asked(address: str, device: bytes, command: bytes) -> bytes:
    link = GfiLink(await open_port(f"socket:{address}"), device)
    try:
        async with asyncio.timeout(DEADLINE_S):
            await link.send(command)
            return await link.receive()
    finally:
        await link.close()


def assert_like_the_original(traced: Traced, device: bytes, sent: Sent, values: ReadValues) -> None:
    """The farm's own meter, made anew from the scenario, says the same."""
    farm = traced.farm
    original = next(meter for n in range(PREMISES) if (meter := farm.meter(n)).eui == device)
    broker = AccessControlBroker(DCC_ACB, farm.keys, OriginatorCounters())
    (answer,) = original.receive(sent.command, traced.now + 60)
    true = broker.open(answer, sent)
    assert values.rows is not None and len(values.rows) == 5
    assert np.array_equal(values.rows, true.rows)


def test_every_meter_of_the_trace_does(traced: Traced, loaded: dict[bytes, RecordedDevice]) -> None:
    for device, recorded in loaded.items():
        broker, sent = window(traced, device, newest(recorded))
        (answer,) = recorded.receive(sent.command, traced.now + 60)
        assert_like_the_original(traced, device, sent, broker.open(answer, sent))


def test_a_pcap_of_the_han_gives_the_same_device(traced: Traced, loaded: dict[bytes, RecordedDevice]) -> None:
    device = next(iter(loaded))
    options = ("--keys", str(traced.keys), "--device", device.hex())
    from_trace, from_pcap = (traced.describe(source, *options) for source in (traced.trace, traced.pcap))
    assert from_pcap["logs"] and from_pcap["logs"] == from_trace["logs"]


@pytest.mark.parametrize("keys", ["none", "of another farm"])
def test_foreign_keys_replay_and_say_so(
    traced: Traced, loaded: dict[bytes, RecordedDevice], keys: str, tmp_path: Path
) -> None:
    device = next(iter(loaded))
    options = ["--device", device.hex()]
    if keys != "none":
        made = meterfarm("keys", "new", str(tmp_path / "keys"), "--devices", str(PREMISES), "--users", "4")
        assert made.code == 0
        options += ["--keys", str(tmp_path / "keys")]
    shown = meterfarm("emulate", "--from-capture", str(traced.trace), *options, "--print")
    assert "only the very requests of the capture are answered" in shown.err
    described = traced.describe(traced.trace, *options)
    assert described["opened"] == 0 and described["replayed"] >= 1 and described["reasons"]
    foreign = load_recorded(traced.trace, tmp_path / "keys" if keys != "none" else None, None, device.hex()).device
    assert foreign.receive(window(traced, device, newest(loaded[device]))[1].command, traced.now) == ()
    command, answer = next(iter(foreign.replayed.items()))
    assert foreign.receive(command, traced.now) == (answer,)


def test_mistakes_are_one_line(traced: Traced, loaded: dict[bytes, RecordedDevice], tmp_path: Path) -> None:
    def error(*arguments: str) -> str:
        ended = meterfarm("emulate", *arguments)
        assert ended.code == 2
        return ended.error()

    assert "name one with --device" in error("--from-capture", str(traced.trace), "--print")
    assert "No such file" in error("--from-capture", str(tmp_path / "none"))
    assert "leave 'smets1-dlms' out" in error("smets1-dlms", "--from-capture", str(traced.trace))
    broken, empty, alone, port = (tmp_path / name for name in ("broken", "empty", "alone", "port"))
    broken.write_text('{"hex":"00"}\nnonsense\n')
    assert "line 2 is none of a capture" in error("--from-capture", str(broken))
    empty.touch()
    assert "is empty" in error("--from-capture", str(empty))
    alone.write_text(json.dumps({"hex": window(traced, next(iter(loaded)), NOON)[1].command.hex()}) + "\n")
    assert "no command with its answer (1 unanswered" in error("--from-capture", str(alone))
    port.write_text('{"t":1.0,"port":"socket://x","hex":"00"}\n')
    assert "line 1 is none of a capture" in error("--from-capture", str(port))
