"""The buffer of a comms hub: commands that a device has been given and not answered, and those that wait their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from emulator.hub.limits import HubLimits
from gbcs.eui64 import Eui64

Waiting = tuple[float, bytes, bytes]
"""Until when a command waits, its key, and the message."""

WAITS = "waits"


class Buffer:
    """Places for commands, counted in messages and bytes; what is overdue is cleared when the next command comes.

    Does not model: memory shared with other work of the hub, priorities.
    """

    __slots__ = ("_given", "_limits", "_queues", "_size", "_waiting")

    def __init__(self, limits: HubLimits) -> None:
        self._limits = limits
        self._given: dict[bytes, tuple[float, int]] = {}
        self._queues: dict[Eui64, deque[Waiting]] | None = None
        self._size, self._waiting = 0, 0

    def __len__(self) -> int:
        return len(self._given) + self._waiting

    @property
    def size(self) -> int:
        """Bytes of all commands in it."""
        return self._size

    def add(self, device: Eui64, key: bytes, message: bytes, now: float) -> str:
        """Empty where the device is to be given the command now, WAITS where it is not its turn, else the refusal.

        What has the key of a command that the device was given (a resend, its next block) takes that one's place.
        """
        if self._given:
            self.clear_overdue(now)
        messages, size, limits = len(self._given) + self._waiting, len(message), self._limits
        is_given = key in self._given
        if messages >= limits.buffer_messages and not is_given:
            return f"hub buffer full: {messages} messages wait"
        if self._size + size > limits.buffer_bytes:
            return f"hub buffer full: {self._size:,} of {limits.buffer_bytes:,} bytes are taken"
        if limits.outstanding and not is_given and self._outstanding(device) >= limits.outstanding:
            self._wait(device, key, message, now)
            return WAITS
        self._give(key, size, now)
        return ""

    def answered(self, key: bytes) -> bool:
        """Free the place of a command; whether it had one."""
        given = self._given.pop(key, None)
        if given is None:
            return False
        self._size -= given[1]
        return True

    def clear_overdue(self, now: float) -> None:
        """Free the places of commands that were not answered in time. They were given in order of time."""
        overdue = []
        for key, (until, _) in self._given.items():
            if until > now:
                break
            overdue.append(key)
        for key in overdue:
            self.answered(key)

    def expired(self, now: float) -> Iterator[bytes]:
        """The commands that have waited too long; they are taken out."""
        for queue in (self._queues or {}).values():
            while queue and queue[0][0] <= now:
                yield self._taken(queue)[1]

    def ready(self, now: float) -> Iterator[tuple[Eui64, bytes]]:
        """The commands whose turn has come, with their devices; they count as given. Blocks of one come together."""
        for device, queue in (self._queues or {}).items():
            while queue and (queue[0][1] in self._given or self._outstanding(device) < self._limits.outstanding):
                key, message = self._taken(queue)
                self._give(key, len(message), now)
                yield device, message

    def next_deadline(self) -> float | None:
        """When a command that waits has its turn or has waited too long; None while none waits."""
        if not self._waiting:
            return None
        deadlines = [queue[0][0] for queue in (self._queues or {}).values() if queue]
        deadlines.extend(until for until, _ in list(self._given.values())[:1])
        return min(deadlines)

    def _give(self, key: bytes, size: int, now: float) -> None:
        """The same command given again keeps one place."""
        if key in self._given:
            self.answered(key)
        self._given[key] = (now + self._limits.answer_wait_s, size)
        self._size += size

    def _wait(self, device: Eui64, key: bytes, message: bytes, now: float) -> None:
        if self._queues is None:
            self._queues = {}
        self._queues.setdefault(device, deque()).append((now + self._limits.queue_wait_s, key, message))
        self._size += len(message)
        self._waiting += 1

    def _outstanding(self, device: Eui64) -> int:
        """Keys begin with the device."""
        return sum(key.startswith(device) for key in self._given)

    def _taken(self, queue: deque[Waiting]) -> tuple[bytes, bytes]:
        _, key, message = queue.popleft()
        self._size -= len(message)
        self._waiting -= 1
        return key, message
