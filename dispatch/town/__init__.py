"""The ground that the centre watches: its place on the globe, its zones, its map files, its addresses."""
