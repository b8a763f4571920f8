"""IEC 62056-21 mode C as a SMETS1 meter speaks it: sign-on, readout, programming mode, a server and a client."""
