"""GBZ payloads, the gas meter's (spec sheet 8): ZigBee Smart Energy commands in components, and the alerts of 7.2."""

from __future__ import annotations

from gbcs.gbz.alerts import GbzAlert, GbzExecuted
from gbcs.gbz.catalogue import attribute_name, cluster_name
from gbcs.gbz.components import Component, Encrypted, GbzPayload, with_plaintexts
from gbcs.gbz.layouts import AttributeRecord, Layout, Zcl

__all__ = [
    "AttributeRecord",
    "Component",
    "Encrypted",
    "GbzAlert",
    "GbzExecuted",
    "GbzPayload",
    "Layout",
    "Zcl",
    "attribute_name",
    "cluster_name",
    "with_plaintexts",
]
