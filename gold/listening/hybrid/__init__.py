"""The hybrid: what listening, text and popularity say of an episode, weighed by how much is known of the listener."""
