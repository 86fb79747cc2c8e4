"""Routers that a newcomer must beat, each a plugin like anybody else's."""
