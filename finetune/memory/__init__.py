"""How much memory a training run needs at its peak, before it is started."""
