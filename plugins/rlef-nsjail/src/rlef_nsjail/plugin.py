"""Give rlef-core the executor `nsjail`."""
