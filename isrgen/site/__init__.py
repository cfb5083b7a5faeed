"""The files of a site, loaded and typed; or, at run time, their snapshot."""
