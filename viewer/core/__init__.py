"""Frozen values and pure functions of the domain: numpy and the standard library only."""
