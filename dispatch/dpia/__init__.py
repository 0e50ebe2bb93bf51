"""The data-protection file of a centre, written from its running configuration."""
