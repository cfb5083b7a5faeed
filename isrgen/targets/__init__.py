"""Deployments: a manifest compiled for one platform each."""
