"""The optimizer `deepspeed-ppo`."""
