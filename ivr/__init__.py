"""Queue callback for contact centres on Asterisk."""
