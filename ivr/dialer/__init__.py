"""Decides when a callback is dialled, and sees each attempt to its end."""
