"""What a shared cache should do: pure functions of values, with ``now`` as a parameter.

The words are those of RFC 9111 (HTTP caching), RFC 5861 (stale responses),
RFC 9211 (Cache-Status) and RFC 9213 (targeted fields).
"""
