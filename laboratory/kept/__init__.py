"""
What must hold of kept jobs, and what tries to break it.
"""
