"""The home area network between comms hub and meter."""
