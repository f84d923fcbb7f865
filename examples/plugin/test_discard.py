"""
The rules of a transport, tried with this one.  Run it with C{python -m unittest}, or with pytest.
"""

from __future__ import annotations

import unittest

from jetdirect_discard import DiscardTransport

from jetdirect.testing.contract import TestedPrinter, broken


class DiscardTest(unittest.TestCase):
    """The transport is a good neighbour."""

    def test_contract(self) -> None:
        """It keeps every rule; what is broken is said in words."""
        self.assertEqual(broken(lambda: TestedPrinter(DiscardTransport())), [])
