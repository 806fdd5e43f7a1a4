"""What runs where programs run, beside them, on a bare interpreter: standard library only."""
