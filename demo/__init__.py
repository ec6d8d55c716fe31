"""The demonstration: a synthetic cast, its papers, and the story they play."""
