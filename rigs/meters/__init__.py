"""SMETS1 meters read as a head-end does: over an optical probe, a serial line, TCP."""
