"""Queues that are made up, with a seed: calls as a log would have them, and the waits that nobody can log."""
