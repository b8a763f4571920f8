"""``[timing]``: deadlines. A step that takes longer has failed, and says so."""

from __future__ import annotations

from rigs.config.section import Seconds, Section


class Timing(Section):
    """How long each step of bring-up may take. Assumptions of ours; a lab knows its devices better."""

    power_s: Seconds = 30.0
    """Until the switch says that it has switched."""
    join_s: Seconds = 180.0
    """From power to a device that has joined the HAN, or answered on its line: meters boot for a minute or two."""
    commission_s: Seconds = 120.0
    """Keys, tunnel or sign-on."""
    read_s: Seconds = 120.0
    """The first read."""
    settle_s: Seconds = 5.0
    """Between power off and on, so that a device notices."""
