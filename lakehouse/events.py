"""What events of the topics may say: kinds, and bounds of what they measure, for those who send, keep and show them."""

from __future__ import annotations

LISTENING, SHOP = "listening", "shop"
"""The streams, as figures name them."""

LISTENING_EVENTS = ("like", "pause", "skip", "rate", "complete")
LONGEST_PAUSE_SECONDS = 86_400
LOWEST_RATING, HIGHEST_RATING = 0.5, 5.0

CLICK_EVENTS = ("view", "click", "add_to_cart", "purchase")
HIGHEST_AMOUNT = 1_000_000
"""Of a price or a purchase, in the currency of the shop."""
