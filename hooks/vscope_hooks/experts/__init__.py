"""Counting which experts a model's routers choose, on the device that chooses them."""
