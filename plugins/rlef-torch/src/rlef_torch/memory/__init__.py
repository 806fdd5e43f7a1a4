"""Tell from a config how much memory the policy `transformers` and the optimizers will hold."""
