"""The jobs of the bundle, read and run on one machine."""
