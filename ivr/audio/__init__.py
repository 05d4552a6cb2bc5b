"""Builds and checks the prompts; never in the call path."""
