"""The small server: matches a request, asks the edge, answers; and the gateway, for other applications."""
