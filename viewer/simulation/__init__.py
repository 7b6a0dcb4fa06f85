"""Phantoms, projection, noise and reconstruction: images whose truth is known."""
