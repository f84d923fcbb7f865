"""
A Sphinx extension: what names another page, a module or a public name becomes a link to it.

The pages name each other as people read them in the repository: by the path of a file, from the
page's own folder or from the root.  What is not there is a warning.  The lists of an C{index} page
are the table of contents.
"""

from __future__ import annotations

import os
import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref, toctree
from sphinx.application import Sphinx
from sphinx.util import logging

_PAGE = re.compile(r"[\w./-]+\.(?:rst|md)", re.ASCII)
_MODULE = re.compile(r"(?:jetdirect/)?([\w/]+)(?:\.py|/)", re.ASCII)
_NAME = re.compile(r"jetdirect(?:\.\w+)+", re.ASCII)

_FOLDERS = ("", "docs", "docs/printers")

_log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """To be called by Sphinx."""
    app.connect("doctree-read", _connect, priority=100)  # before the table of contents is collected
    return {"parallel_read_safe": True}


def _connect(app: Sphinx, tree: nodes.document) -> None:
    for node in [*tree.findall(nodes.reference)]:
        if _PAGE.fullmatch(node.get("refuri", "")):
            _linkPage(app, node, node["refuri"])
    for node in [*tree.findall(nodes.literal)]:
        if not isinstance(node.parent, (nodes.reference, pending_xref)):
            _linkLiteral(app, node, node.astext())
    if app.env.docname.rpartition("/")[2] == "index":
        _collect(app, tree)


def _linkLiteral(app: Sphinx, node: nodes.literal, text: str) -> None:
    module = _MODULE.fullmatch(text)
    if _PAGE.fullmatch(text):
        _linkPage(app, node, text)
    elif _NAME.fullmatch(text):
        _linkName(node, "obj", text)
    elif module is not None and _isModule(app, module[1].strip("/")):
        _linkName(node, "mod", "jetdirect." + module[1].strip("/").replace("/", "."))


def _linkPage(app: Sphinx, node: nodes.Element, path: str) -> None:
    page = _page(app, path)
    if page is None:
        _log.warning("there is no page %s", path, location=node)
        return
    link = pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{page}", refexplicit=True)
    _wrap(node, link)


def _linkName(node: nodes.literal, kind: str, name: str) -> None:
    _wrap(node, pending_xref("", refdomain="py", reftype=kind, reftarget=name, refexplicit=True))


def _wrap(node: nodes.Element, link: pending_xref) -> None:
    link.source, link.line = node.source, node.line
    inner = node.deepcopy() if isinstance(node, nodes.literal) else nodes.inline("", node.astext())
    link += inner
    node.replace_self(link)


def _page(app: Sphinx, path: str) -> str | None:
    for folder in (os.path.dirname(app.env.docname), *_FOLDERS):
        page = os.path.splitext(os.path.normpath(os.path.join(folder, path)))[0]
        if page in app.env.found_docs:
            return page
    return None


def _isModule(app: Sphinx, path: str) -> bool:
    place = os.path.join(app.srcdir, "jetdirect", path)
    return os.path.exists(place + ".py") or os.path.exists(os.path.join(place, "__init__.py"))


def _collect(app: Sphinx, tree: nodes.document) -> None:
    # What is in the list of another index page is in the table of contents already.
    pages: list[str] = []
    for link in tree.findall(pending_xref):
        page = link["reftarget"].strip("/")
        within = os.path.dirname(app.env.docname)
        deeper = os.path.dirname(page) not in ("", within) and not page.endswith(
            ("/index", "/README")
        )
        if link["reftype"] == "doc" and page not in pages and not deeper:
            pages.append(page)
    tree.document += toctree(
        parent=app.env.docname,
        entries=[(None, page) for page in pages],
        includefiles=pages,
        caption=None,
        glob=False,
        hidden=True,
        includehidden=False,
        maxdepth=-1,
        numbered=0,
        titlesonly=True,
    )
