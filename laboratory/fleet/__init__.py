"""
Gateways that share a database and printers, and what tries to have them print twice, or not at all.
"""
