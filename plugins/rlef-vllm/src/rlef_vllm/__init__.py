"""The policy `vllm`."""
