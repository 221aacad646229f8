"""Which boards there are, and opening them."""
