"""Vercel: the Build Output API, version 3.

Static files, one Python function for everything rendered on demand, and a
prerender function for each route with a declared lifetime. ``plan`` says
which is which, ``table`` writes the routes, ``functions`` the functions.
"""

from isrgen.targets.vercel.emit import Vercel

TARGET = Vercel()
