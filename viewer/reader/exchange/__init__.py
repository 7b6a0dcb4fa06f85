"""Readings as files: the formats of other programs in, and everybody's formats out."""
