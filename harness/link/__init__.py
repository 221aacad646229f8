"""The byte pipe to a board, and what else its place in the lab offers."""
