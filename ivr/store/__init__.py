"""Where callbacks are kept: the port, its Redis form, and every key's name."""
