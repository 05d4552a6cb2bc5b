"""HTTP: the APIs, health and metrics."""
