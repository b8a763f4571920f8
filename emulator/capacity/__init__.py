"""Capacity: what half-hourly settlement asks of the networks, from the bytes of one read to 30 million meters."""
