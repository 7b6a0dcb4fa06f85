"""The frozen values and pure functions on which every layer stands: numpy and the standard library only."""
