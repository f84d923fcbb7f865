"""
C{pjl=on}: a printer on a stream that speaks PJL.
"""
