"""A scenario of a few seconds of real time, with the device of a rig in it."""

from __future__ import annotations

SECONDS = """
clock = "real"
premises = 4
population.smets1_share = 0.0
population.mdr_import_share = 0.5
population.granularity = { half_hourly = 1.0 }
population.export_share = 1.0
population.csp = { csp_south = 1.0 }
population.wan = { csp_south = { cellular_ltem = 1.0 } }
demand.network_operator_share = 1.0
demand.data_reuse_share = 1.0
faults.natural_outages = false
windows.csp_south.existing = { start = "00:00:00", end = "00:01:01" }
windows.csp_south.mhhs = { start = "00:00:00", end = "00:01:01" }
retry.csp_south = { attempts = 2, answer_timeout_s = 2.0, spacing_s = 0.1 }
networks.overrides.cellular_ltem.session_setup_s = { dist = "const", value = 0.01 }
networks.overrides.cellular_ltem.rtt_s = { dist = "const", value = 0.02 }
networks.overrides.cellular_ltem.rate_bps = { dist = "const", value = 1000000.0 }
networks.overrides.cellular_ltem.loss = { p = 0.0 }
networks.overrides.han_zigbee.per_fragment_s = { value = 0.001 }
networks.overrides.han_zigbee.rtt_s = { dist = "const", value = 0.02 }
networks.overrides.han_zigbee.meter_execution_s = { dist = "const", value = 0.01 }
"""
"""A settlement day of four meters whose reads take a few seconds of real time."""

RIG = '[[slot]]\npremises = 2\nrig = "bench-3"\n'
