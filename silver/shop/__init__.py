"""The shop: clicks with the purchases before them, sessions, and what happens to each product a day."""
