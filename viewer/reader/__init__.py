"""Reader studies: the protocol, its allocation, the record of readings, and their statistics."""
