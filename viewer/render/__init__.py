"""Requests in, RGBA arrays out: slices, projections and volumes through VTK, without Qt."""
