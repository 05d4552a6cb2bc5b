"""What the system decides, as pure functions of what it is told (no clock, no I/O)."""
