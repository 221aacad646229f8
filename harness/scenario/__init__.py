"""What to do with a board and a broker, what to see, and whether it was seen."""
