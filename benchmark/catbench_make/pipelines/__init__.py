"""Pipelines: load one from disk or the hub, encode prompts once, draw a batch of images."""
