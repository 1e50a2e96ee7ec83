"""The methods of the Bot API, as far as a joke bot uses them."""
