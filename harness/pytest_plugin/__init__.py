"""Options, markers, fixtures and verdicts for pytest."""
