"""The tests; their folders mirror the layers of the program."""
