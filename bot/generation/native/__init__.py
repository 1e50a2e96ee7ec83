"""A decoding step compiled on the machine it runs on."""
