"""
The gateway beside CUPS before bad printers, and what becomes of jobs when a cable is pulled.
"""
