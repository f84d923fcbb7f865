"""
C{file:}, jobs kept in a directory, in one file, or read by a program from a named pipe.
"""
