"""Wait estimates held against logs and simulations: `ivr ewt`."""
