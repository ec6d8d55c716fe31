"""The HTTP base: routes, forms, problems, and the border that every request crosses."""
