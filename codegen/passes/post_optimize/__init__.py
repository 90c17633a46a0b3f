"""Passes of the post_optimize stage."""
