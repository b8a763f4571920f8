"""SMETS1: meters that speak dialects of open protocols, not GBCS."""
