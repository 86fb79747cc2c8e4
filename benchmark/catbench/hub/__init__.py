"""Dataset repositories of a hub: named, listed at one commit, fetched within bounds, and written to.

Nothing here knows what a suite is. The library behind it is huggingface_hub (the extra `hub`), imported when
it is needed; a token comes from its own place (`hf auth login`, or HF_TOKEN), never from catbench.
"""
