"""What never happened, told through the whole chain and marked as such."""
