"""Verbs put together; start reading in `workup.py`."""
