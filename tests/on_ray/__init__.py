"""What only a real Ray can show: `make test-ray`, beside the tests of the same parts with twins."""
