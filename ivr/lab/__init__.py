"""A whole telephone world on loopback: Asterisk, carrier, Redis, callers and agents."""
