"""EDMI command line as a SMETS1 meter speaks it: frames, commands, registers, surveys, a server and a client."""
