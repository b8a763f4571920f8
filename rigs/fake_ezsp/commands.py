"""Every EZSP command that the fake module answers, by name: a table filled by the files beside this one."""

from __future__ import annotations

from rigs.fake_ezsp import configuration, messaging, network, security
from rigs.fake_ezsp.ncp import Command

COMMANDS: dict[str, Command] = {
    **configuration.COMMANDS,
    **network.COMMANDS,
    **messaging.COMMANDS,
    **security.COMMANDS,
}
