"""Passes of the optimize stage."""
