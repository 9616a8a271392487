"""Stores: served tables as applications read them, in the document store and in PostgreSQL."""
