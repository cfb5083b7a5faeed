"""What is wrong with a built site that no single page shows: links that lead nowhere, and pages that leak.

Nothing here writes to the site or to ``dist/``: a build of its own is looked
at, and its on-demand pages are asked of the real server, in this process.
"""
