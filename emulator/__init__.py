"""Devices, networks, head-end, clock and farm."""
