"""DLMS/COSEM as a SMETS1 meter speaks it: codec, associations and server, over the TCP wrapper and over HDLC."""
