"""
Jobs that are kept on disk until they are printed.
"""
