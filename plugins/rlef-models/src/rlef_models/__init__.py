"""What policies and optimizers of Hugging Face models share."""
