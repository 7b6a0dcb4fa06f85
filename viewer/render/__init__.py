"""Requests in, BGRA arrays out: slices, projections and volumes through VTK, without Qt."""
