"""The HTML report of a run: data, figures, page."""
