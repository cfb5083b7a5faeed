"""The edge cache: carries out what ``isrgen.caching`` decides, and never decides itself."""
