"""A radio module of our own: EZSP over a pseudo-terminal or TCP, and a virtual air in place of a radio."""
