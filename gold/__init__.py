"""Learned and aggregated: what silver knows becomes recommendations, and goes to the stores that serve them."""
