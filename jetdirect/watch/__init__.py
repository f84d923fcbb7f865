"""
Watchers: they are told of jobs and printing ports, and never touch them.
"""
