"""The command ``hil``, one file for each command."""
