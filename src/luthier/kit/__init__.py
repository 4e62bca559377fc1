"""Small parts without policy."""
