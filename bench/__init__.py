"""Figures: what Curbside costs, beside a plain Starlette loop of the same work. See README.md."""
