"""Sample from and train transformers models in one process; the plugin of rlef-core for one machine."""
