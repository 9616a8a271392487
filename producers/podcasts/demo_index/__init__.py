"""A podcast index to try things with: it answers as PodcastIndex does, from the simulated catalogue."""

from producers.podcasts.demo_index.server import DEMO_KEY, DEMO_SECRET, DemoIndex

__all__ = ["DEMO_KEY", "DEMO_SECRET", "DemoIndex"]
