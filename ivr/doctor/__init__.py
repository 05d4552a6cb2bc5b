"""Examines a user's own Asterisk and Redis, changes nothing there, and names the mend for what is wrong."""
