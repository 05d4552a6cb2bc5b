"""Asterisk Manager Interface: the live state of queues and agents."""
