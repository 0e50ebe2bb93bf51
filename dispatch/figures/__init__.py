"""How well the network does, counted from what people found."""
