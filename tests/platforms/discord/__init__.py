"""Discord on this machine: its REST interface and its gateway, as far as a joke bot uses them.

`server.DiscordServer` is what tests use; everything else is how it works.
"""
