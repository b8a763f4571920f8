"""``meterfarm capacity``: what it works out, its pictures, tables and findings."""
