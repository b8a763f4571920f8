"""Frames of a Zigbee network as they are on the air, their keys, and captures of them; no input or output but files."""
