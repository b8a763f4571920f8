"""The bytes of a read: the real command and the real answer of a meter, and what each network makes of them.

Nothing here is a formula for a message: the broker builds the command, an emulated meter answers it, the broker opens
the answer, and what is counted are the bytes of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from emulator.dcc.acb import KNOWN_ROLES, AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.rules import Rules
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from emulator.farm import ROLES as PARTY_ROLES
from emulator.han.frames import HEADER_BYTES, bytes_on_han, fragment_count
from emulator.hub.limits import load_hub_parameters
from emulator.links.airtime import bytes_on_air, frame_count
from emulator.links.presets import Framing
from emulator.scenario_names import gbcs_versions
from emulator.segmentation import load_segmentation_parameters
from emulator.wan.cellular import CellularParameters
from emulator.wan.long_range_radio import LongRangeRadioParameters
from emulator.wan.registry import load_parameters
from gbcs.catalogue import by_srv
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.gbt.blocks import LAST, block, segment, title
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime

ROLES = tuple(PARTY_ROLES)
"""DCC User roles that read meters."""

CUTTING_NETWORKS = ("csp_north_lrr", "csp_sc_cellular_2g", "csp_sc_cellular_3g", "cellular_ltem")
"""The networks that cut a message into frames of a fixed size."""

_KEY_SEED, _ENERGY_SEED = 1, 7
_DEVICE = bytes.fromhex("024d460000000001")
_USERS = {role: bytes.fromhex("024d46f00001") + at.to_bytes(2, "big") for at, role in enumerate(ROLES, 1)}
_COMMISSIONED_AT = int(from_datetime(datetime(2024, 1, 1, tzinfo=UTC)))
_LAST_DAY = int(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
_ASKED_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and the answer to it, and the values that the answer holds: rows of a log, or registers."""

    command: bytes
    response: bytes
    values: int


@dataclass(frozen=True, slots=True)
class Frames:
    """What a message becomes on a network that cuts it: frames, and bytes with the overhead of each."""

    network: str
    frames: int
    bytes_on_air: int


@dataclass(frozen=True, slots=True)
class MessageSize:
    """The size of one message, and of the parts that it crosses each network in.

    ``blocks`` holds the bytes of each block of block transfer; a message that a hub takes at once is a single part.
    """

    message: int
    blocks: tuple[int, ...]
    aps_fragments: int
    han_bytes: int
    networks: tuple[Frames, ...]


@dataclass(frozen=True, slots=True)
class ReadSize:
    """The sizes of one read in both directions."""

    srv: str
    use_case: str
    role: str
    days: int
    twin: bool
    values: int
    command: MessageSize
    response: MessageSize

    @property
    def total(self) -> int:
        """Bytes of both messages."""
        return self.command.message + self.response.message


@cache
def exchange(
    srv: str, role: str, days: int = 1, twin: bool = False, gbcs_version: str = "4.3", days_ago: int = 0
) -> Exchange:
    """The messages of one read of ``days`` UTC days by a user of a role, made with test keys.

    ``days_ago`` gives the same read as it was made before: of the same meter, by the same user.

    Raises LocalError for a read that is none, a role without access, or more days than the meter's log holds.
    """
    if gbcs_version not in gbcs_versions():
        raise LocalError(f"GBCS version {gbcs_version!r} is not known (allowed: {', '.join(gbcs_versions())})")
    use_case, reads = by_srv(srv), Rules().row(srv).reads
    midnight = _LAST_DAY + DAY_S - days_ago * DAY_S
    first, last, rows = _range(srv, reads, days, midnight)
    keys = SeededKeyStore(_KEY_SEED, {**_known_parties(), **{user: PARTY_ROLES[name] for name, user in _USERS.items()}})
    broker = AccessControlBroker(DCC_ACB, keys, OriginatorCounters(), gbcs_version)
    energy = MeterEnergy(
        energy_model("single_rate", export=True, twin=twin), seed=_ENERGY_SEED, commissioned_at=_COMMISSIONED_AT
    )
    meter = Esme(_DEVICE, keys, DCC_ACB, _known_parties(), LiveObjects(energy))
    now = midnight + _ASKED_AFTER_S
    sent = broker.command(use_case, _known_role(role), _USERS[role], _DEVICE, now, first, last)
    (response,) = meter.receive(sent.command, now)
    values = broker.open(response, sent)
    held = len(values.registers) if values.rows is None else len(values.rows)
    if rows and held < rows:
        why = (
            f"the meter refuses with result code {values.code}" if values.code else f"the log of the meter holds {held}"
        )
        raise LocalError(f"{srv} over {days} days asks for {rows} rows, and {why}: ask for fewer days")
    return Exchange(sent.command, response, held)


@cache
def read_size(srv: str, role: str, days: int = 1, twin: bool = False, gbcs_version: str = "4.3") -> ReadSize:
    """Every size of one read. Raises LocalError as :func:`exchange` does."""
    made = exchange(srv, role, days, twin, gbcs_version)
    command, response = message_size(made.command), message_size(made.response)
    return ReadSize(srv, by_srv(srv).use_case, role, days, twin, made.values, command, response)


def message_size(message: bytes) -> MessageSize:
    """What a message becomes on its way: blocks where a hub does not take it at once, APS fragments, frames."""
    parts = blocks_of(message)
    payloads = [part + HEADER_BYTES for part in parts]
    return MessageSize(
        len(message),
        parts,
        sum(fragment_count(payload) for payload in payloads),
        sum(bytes_on_han(payload) for payload in payloads),
        tuple(_frames(network, parts) for network in CUTTING_NETWORKS),
    )


def blocks_of(message: bytes) -> tuple[int, ...]:
    """The bytes of each block of a message; of one that a hub takes at once, its own size."""
    hub_takes = load_hub_parameters().message_bytes.value
    if len(message) <= hub_takes:
        return (len(message),)
    settings = load_segmentation_parameters().settings(hub_takes)
    name, code = title(message)
    pieces = segment(message, settings.data_bytes)
    return tuple(len(block(name, code, LAST, at, 0, piece)) for at, piece in enumerate(pieces, 1))


@cache
def framing_of(network: str) -> Framing:
    """How a network cuts messages. Raises LocalError for one that does not."""
    parameters = load_parameters(network)
    if isinstance(parameters, LongRangeRadioParameters):
        return parameters.uplink_air
    if isinstance(parameters, CellularParameters):
        return parameters.transport
    raise LocalError(f"network {network} has no frames of a fixed size: {', '.join(CUTTING_NETWORKS)}")


def _frames(network: str, parts: Iterable[int]) -> Frames:
    framing = framing_of(network)
    sizes = framing.payload_bytes, framing.overhead_bytes
    counted = [(frame_count(part, sizes[0]), bytes_on_air(part, *sizes)) for part in parts]
    return Frames(network, sum(frames for frames, _ in counted), sum(octets for _, octets in counted))


def _range(srv: str, reads: str, days: int, midnight: int) -> tuple[int | None, int | None, int]:
    """First and last stamp, and the rows between: those of the days that end at ``midnight``."""
    if days < 1:
        raise LocalError(f"a read covers 1 day at least, not {days}")
    first_midnight = midnight - days * DAY_S
    if reads == "profile":
        return first_midnight + HALF_HOUR_S, midnight, days * DAY_S // HALF_HOUR_S
    if reads == "daily_log":
        return first_midnight + DAY_S, midnight, days
    if days != 1:
        raise LocalError(f"{srv} reads registers as they are now: it has no days")
    return None, None, 0


def _known_role(role: str) -> str:
    if role not in _USERS:
        raise LocalError(f"role {role!r} is not known (allowed: {', '.join(ROLES)})")
    return role


@cache
def _known_parties() -> dict[Eui64, RemotePartyRole]:
    """The parties whose credentials the meter holds."""
    return {
        DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
        **{_USERS[role]: known for role, known in KNOWN_ROLES.items()},
    }
