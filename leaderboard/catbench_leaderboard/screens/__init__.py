"""One file a page: what stands where. The front page and routers' pages are exported too."""
