"""Requests and responses, as the people who write sites see them, and the recorder of reads."""
