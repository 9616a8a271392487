"""What puts data in: event simulators and the replay of recorded behaviour."""
