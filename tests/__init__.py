"""The tests; a package so that they share tests/harness.py and tests/models/."""
