"""One file a page: what stands where. What stands there comes from the module of the same name above."""
