"""Clients and servers that others wrote, each a process of its own that reads an order and prints an outcome."""
