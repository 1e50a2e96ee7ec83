"""Discord, by discord.py: slash commands, buttons and reactions."""
