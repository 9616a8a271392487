"""Rules that every decision between models follows, and every figure that shows one."""

FEWEST_USERS = 30
"""With fewer users, or sessions, to compare on, nothing is decided."""
CONFIDENCE_95 = 1.96
"""Standard errors on each side of a mean that hold 95 % of a normal distribution."""
