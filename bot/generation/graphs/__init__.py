"""Decoding on a GPU: a step recorded as CUDA graphs, and the engine that looks one step ahead."""
