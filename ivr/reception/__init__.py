"""Receives inbound calls: knows the wait, and serves the inbound script with it."""
