"""
Who looks on: told of jobs and printing ports, and never touching them.
"""
