"""Local servers that speak the chat platforms' own protocols."""
