"""The comms hub."""
