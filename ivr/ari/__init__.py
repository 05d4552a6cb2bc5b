"""Asterisk REST Interface: a typed asyncio client in ari-py's vocabulary."""
