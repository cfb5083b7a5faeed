"""The small server: matches a request, asks the edge, answers."""
