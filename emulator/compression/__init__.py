"""Compression of GBCS messages on the SM WAN: codecs for both ends of a link, by name in one registry."""
