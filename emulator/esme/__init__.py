"""The emulated electricity meter: energy, logs, clock, and the core that answers commands."""
