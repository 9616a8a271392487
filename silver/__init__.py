"""Typed, deduplicated, quarantined: what bronze received becomes facts."""
