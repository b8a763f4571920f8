"""Real devices: ports, dongles, leases."""
