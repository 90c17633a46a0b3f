"""Passes of the pre_optimize stage."""
