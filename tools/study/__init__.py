"""Studies: one self-contained HTML page with pictures and tables, and the tables as CSV and Parquet beside it.

A verb makes a :class:`~tools.study.model.Study` of sections, whose parts are pictures, tables and paragraphs; the page,
the style and the files are the same for all.
"""
