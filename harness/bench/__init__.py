"""Measurements of the harness itself, one file for each ``hil bench`` command."""
