"""
How the documents become a site: C{docs/build}.

The pages are read where they lie, so a link between two of them works in the repository and on the
site alike.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "jetdirect"
copyright = "the jetdirect authors"
root_doc = "docs/index"
include_patterns = [
    "README.rst",
    "CONTRIBUTING.rst",
    "NEWS.rst",
    "SECURITY.md",
    "contrib/README.rst",
    "tests/README.rst",
    "docs/**.rst",
]
exclude_patterns = ["docs/_build"]

extensions = ["links", "myst_parser", "sphinx.ext.intersphinx"]
intersphinx_mapping = {"api": ("docs/api/", str(HERE / "_build/html/docs/api/objects.inv"))}
nitpicky = True
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "description": "A print gateway"}
html_show_copyright = False
