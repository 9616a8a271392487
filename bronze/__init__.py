"""Bytes in, nothing interpreted: Kafka topics and historical files become Delta tables."""
