"""Gold of the shop: what sessions teach, what they are recommended, and what the shop looks like from above."""
