"""Methods that enhance a volume, the checks before they run and the figures that judge them."""
