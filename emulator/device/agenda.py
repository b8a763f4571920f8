"""What a device has to do later: future-dated parts of commands, each until it is due or cancelled."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from emulator.device.alerts import Alert


class Task(Protocol):
    """One part of a command that waits for its time."""

    @property
    def at(self) -> int:
        """Device time at which it is due."""

    @property
    def slot(self) -> Hashable:
        """What it will change: a later command for the same takes its place, and can cancel it."""

    def execute(self, now: int) -> Alert | None:
        """Do it; what the device says of it."""


class Agenda:
    """The tasks of one device, at most one for each slot.

    Does not model: how many future-dated commands a real device can hold.
    """

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[Hashable, Task] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def put(self, task: Task) -> None:
        """Add a task in place of one for the same slot."""
        self._tasks.pop(task.slot, None)
        self._tasks[task.slot] = task

    def cancel(self, slot: Hashable) -> None:
        """Forget what waits for a slot, if anything."""
        self._tasks.pop(slot, None)

    def earliest(self) -> int | None:
        """Device time of the next task."""
        return min((task.at for task in self._tasks.values()), default=None)

    def due(self, now: float) -> list[Task]:
        """Take out the tasks that are due at device time ``now``, by their times and then as they were put."""
        ready = sorted((task for task in self._tasks.values() if task.at <= now), key=lambda task: task.at)
        for task in ready:
            del self._tasks[task.slot]
        return ready
