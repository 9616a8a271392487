"""What puts data in: event simulators, the replay of recorded behaviour, and episodes of a podcast index."""
