"""What the store on Redis is made of: scripts, their codec, the line to the server, and shared checks."""
