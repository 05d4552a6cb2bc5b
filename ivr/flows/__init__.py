"""The call scripts: what a caller hears and does, from top to bottom."""
