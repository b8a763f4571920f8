"""The limits of a comms hub, from their preset."""

from __future__ import annotations

from emulator.assumptions import Assumption
from emulator.links.presets import NO_OVERRIDES, Count, Overrides, Preset, Value, load_preset


class HubParameters(Preset):
    """The limits of a comms hub; 0 for ``outstanding_per_device`` is no limit."""

    message_bytes: Count
    buffer_messages: Count
    buffer_bytes: Count
    outstanding_per_device: Count
    answer_wait_s: Value
    queue_wait_s: Value


def load_hub_parameters(overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario") -> HubParameters:
    """The shipped limits with overrides. Raises ScenarioError, one line, for a mistake in them."""
    return load_preset(HubParameters, "emulator.hub", "comms_hub", overrides, label=label)


class HubLimits:
    """The limits as plain numbers, one object for all hubs of a farm."""

    __slots__ = (
        "_parameters", "answer_wait_s", "buffer_bytes", "buffer_messages", "message_bytes", "outstanding",
        "queue_wait_s",
    )  # fmt: skip

    def __init__(self, parameters: HubParameters | None = None) -> None:
        """The shipped limits where none are given."""
        self._parameters = given = parameters or load_hub_parameters()
        self.message_bytes = given.message_bytes.value
        self.buffer_messages, self.buffer_bytes = given.buffer_messages.value, given.buffer_bytes.value
        self.outstanding = given.outstanding_per_device.value
        self.answer_wait_s, self.queue_wait_s = given.answer_wait_s.value, given.queue_wait_s.value

    def assumptions(self) -> list[Assumption]:
        """Every limit with its confidence and source."""
        return self._parameters.assumptions()
