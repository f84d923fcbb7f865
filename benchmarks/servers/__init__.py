"""
Who is measured: each server in a process of its own, from a client's data connection to a sink.
"""
