"""The module as its host sees it: EZSP frames in, responses and handlers out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64
from rigs.ezsp.frames import VERSIONS, FrameTable, Header, build, frame_table, read, split
from rigs.ezsp.status import INCOMING_BROADCAST, ApsOption, EzspStatus
from rigs.fake_ezsp.cbke import Exchange
from rigs.fake_ezsp.delivery import ACK_WAIT_S, Delivery
from rigs.fake_ezsp.joining import Joining
from rigs.fake_ezsp.memory import Memory
from rigs.fake_ezsp.radio import Radio, Transmit
from rigs.fake_ezsp.timers import Timers
from rigs.fake_ezsp.zdo import DeviceObject, LocalEndpoint
from rigs.radio import zdo

Values = dict[str, Any]
Command = Callable[["Ncp", Values], Values]

STACK_TYPE_MESH = 2
_ZDO_FLAGS = 0x2A
_APP_RECEIVES_REQUESTS = 0x01


@dataclass(frozen=True, slots=True)
class Firmware:
    """What a module's firmware is; its version is that which EZSP reports."""

    ezsp_version: int = 13
    major: int = 7
    minor: int = 4
    patch: int = 4
    build: int = 0
    manufacturer: str = "meterfarm"
    board: str = "fake EZSP module"
    has_cbke: bool = True
    ack_wait_s: float = ACK_WAIT_S

    @property
    def stack_version(self) -> int:
        """The version in the response to ``version``."""
        return self.major << 12 | self.minor << 8 | self.patch << 4

    @property
    def version_info(self) -> bytes:
        """The value VERSION_INFO: build, then the four parts of the version, then whether it is released."""
        return self.build.to_bytes(2, "little") + bytes((self.major, self.minor, self.patch, 0, 0xAA))


class Ncp:
    """A module without line and clock: hand it frames of its host and of the air, and take what it says.

    Does not model: commands outside rigs/ezsp/frames.toml (they are answered as unknown, as a firmware does that was
    built without them), timers of the host, source routes, Green Power, sleeping as an end device.
    """

    def __init__(
        self, memory: Memory, transmit: Transmit, commands: Mapping[str, Command], firmware: Firmware | None = None,
        random: Random | None = None,
    ) -> None:  # fmt: skip
        """``commands`` are those that the firmware knows: see :mod:`rigs.fake_ezsp.commands`."""
        self._commands = commands
        self.firmware = firmware or Firmware()
        if self.firmware.ezsp_version not in VERSIONS:
            allowed = f"{VERSIONS.start} to {VERSIONS.stop - 1}"
            raise LocalError(f"EZSP {self.firmware.ezsp_version} is not played here (allowed: {allowed})")
        self.memory, self.timers, self.random = memory, Timers(), random or Random()  # noqa: S311 - addresses
        self.radio = Radio(memory, self.timers, self.random, transmit)
        self.joining = Joining(self.radio, self.tell)
        self.delivery = Delivery(self.radio, self.tell, self.firmware.ack_wait_s)
        self.endpoints: dict[int, LocalEndpoint] = {}
        self.device_object = DeviceObject(self.radio, self.endpoints)
        self.configuration: dict[int, int] = {}
        self.values: dict[int, bytes] = {}
        self.policies: dict[int, int] = {}
        self.multicasts: dict[int, Values] = {}
        self.initial_network_key = b""
        self.exchange: Exchange | None = None
        self.now = 0.0
        self._table: FrameTable = frame_table(self.firmware.ezsp_version)
        self._says: deque[bytes] = deque()
        self._last_sequence = 0
        self._agreed = False

    @property
    def eui(self) -> Eui64:
        """The module's EUI-64."""
        return self.memory.eui

    def reset(self) -> None:
        """Forget settings and what was being done; network and keys stay."""
        self.joining.stop()
        self.delivery.stop()
        self.timers.clear()
        for settings in (self.configuration, self.values, self.policies, self.multicasts, self.endpoints):
            settings.clear()
        self.radio.listens_on, self.exchange, self._agreed = None, None, False
        self._says.clear()

    # ------------------------------------------------------------------ the host

    def receive(self, frame: bytes, now: float) -> None:
        """A frame of the host; what the module says to it is in :meth:`take`."""
        self.now = now
        try:
            header, content = split(frame)
        except DecodeError:
            return
        self._last_sequence = header.sequence
        kind = self._table.by_id.get(header.frame_id)
        command = None if kind is None else self._commands.get(kind.name)
        if kind is None or command is None:
            self._refuse(header, EzspStatus.INVALID_FRAME_ID)
        elif not self._agreed and kind.name != "version":
            self._refuse(header, EzspStatus.VERSION_NOT_SET)
        else:
            self._execute(header, kind.name, command, content)

    def _execute(self, header: Header, name: str, command: Command, content: bytes) -> None:
        kind = self._table.named(name)
        try:
            values = read(kind.command, name, content)
        except DecodeError:
            self._refuse(header, EzspStatus.INVALID_VALUE)
            return
        # What a command lets the host hear comes after its response.
        told, self._says = self._says, deque()
        found = command(self, values)
        response = Header(header.sequence, kind.id, is_response=True, is_legacy=header.is_legacy)
        self._says.appendleft(response.encode() + build(kind.response, name, found))
        self._says.extendleft(reversed(told))

    def agree(self, version: int) -> None:
        """The host knows the version that the module speaks."""
        self._agreed = self._agreed or version == self.firmware.ezsp_version

    def _refuse(self, header: Header, reason: EzspStatus) -> None:
        kind = self._table.named("invalidCommand")
        response = Header(header.sequence, kind.id, is_response=True)
        self._says.append(response.encode() + build(kind.response, kind.name, {"reason": reason}))

    def take(self) -> list[bytes]:
        """Responses and handlers since the last time."""
        taken = list(self._says)
        self._says.clear()
        return taken

    def tell(self, name: str, **values: Any) -> None:
        """Let the host hear of something; a fake device object listens too."""
        if name == "incomingMessageHandler" and self._is_for_device_object(values):
            return
        kind = self._table.named(name)
        header = Header(self._last_sequence, kind.id, is_response=True, is_callback=True)
        if self._agreed:
            self._says.append(header.encode() + build(kind.response, name, values))

    def _is_for_device_object(self, values: Values) -> bool:
        """Answer a request of profile 0; the host hears of it only if it asked to."""
        aps, message = values["aps"], values["message"]
        if aps["profile"] != zdo.PROFILE or aps["cluster"] & zdo.ANSWER:
            return False
        if aps["cluster"] == zdo.Cluster.ANNOUNCEMENT:
            self.device_object.announced(message)
            return False
        try:
            answer = self.device_object.answer(aps, message)
        except DecodeError:
            return True
        if answer is None:
            return False
        cluster, content = answer
        if values["kind"] != INCOMING_BROADCAST or content[1:2] == b"\x00":
            options = {**aps, "cluster": cluster, "options": int(ApsOption.RETRY), "group": 0, "sequence": 0}
            told, self._says = self._says, deque()
            self.delivery.unicast(values["sender"], options, 0, content, self.now)
            # That it was sent is not the host's business; an answer to ourselves is.
            sent = self._table.named("messageSentHandler").id
            told.extend(one for one in self._says if split(one)[0].frame_id != sent)
            self._says = told
        return not self.configuration.get(_ZDO_FLAGS, 0) & _APP_RECEIVES_REQUESTS

    # ------------------------------------------------------------------ air and time

    def hear(self, channel: int, frame: bytes, now: float) -> None:
        """A frame of the air."""
        self.now = now
        self.radio.receive(channel, frame, now)

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        return self.timers.next_deadline()

    def tick(self, now: float) -> None:
        """Do what is due."""
        self.now = now
        self.timers.tick(now)
