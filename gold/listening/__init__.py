"""Gold of listening: what engagement teaches, what listeners are recommended, and which model serves."""
