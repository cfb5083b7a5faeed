"""The commands; the only place that prints, exits and reads the environment."""
