"""As many different clean jokes as a test wants."""

from collections.abc import Iterator
from itertools import islice, product

__all__ = ["many_jokes"]

_ANIMALS = (
    "penguin",
    "parrot",
    "rabbit",
    "camel",
    "turtle",
    "spider",
    "monkey",
    "kangaroo",
    "elephant",
    "beaver",
)
_THINGS = (
    "umbrella",
    "ladder",
    "piano",
    "suitcase",
    "lantern",
    "bicycle",
    "telescope",
    "sandwich",
    "newspaper",
)
_PLACES = (
    "library",
    "airport",
    "bakery",
    "museum",
    "lighthouse",
    "harbour",
    "circus",
    "orchard",
    "castle",
    "stadium",
)
_ENDINGS = (
    "It wanted to see the view from up there.",
    "Nobody had told it about the new opening hours.",
    "Somebody else was already asleep in the lost property.",
    "The weather report had promised something different.",
)


def many_jokes(number: int) -> list[str]:
    """Jokes in a fixed order, none of them a near duplicate of another."""
    return list(islice(_jokes(), number))


def _jokes() -> Iterator[str]:
    for animal, thing, place, ending in product(_ANIMALS, _THINGS, _PLACES, _ENDINGS):
        yield (
            f"Why did the {animal} take {len(animal)} {thing}s to the {place} with the {thing} "
            f"shop, and then {place} by {place} back to the other {animal}s? {ending}"
        )
