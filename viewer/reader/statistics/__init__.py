"""The statistics of reader studies: each module is one family of published methods."""
