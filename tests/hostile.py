"""Texts that members and models write to break things, for property-based tests."""

from hypothesis import strategies as st

__all__ = ["LONG_TEXTS", "hostile_texts"]

_FRAGMENTS = (
    "",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\x00",
    "\x1b[31m",
    "\x85",
    "\ud800",
    "\udfff\ud83d",
    "\u200b",
    "\u200d",
    "\ufe0f",
    "\u202e",
    "\u2066",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "\U000e0041",
    "\u0301\u0323" * 8,
    "\u0344",
    "\u2329",
    "\u0958",
    "\u1100\u1161\u11a8",
    "é",
    "e\u0301",
    "👩\u200d💻",
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "שלום",
    "مرحبا",
    "@everyone",
    "@here",
    "<@123>",
    "<@&9>",
    "<#5>",
    "```",
    "**",
    "||",
    "<b>",
    "</script>",
    "&lt;",
    "[x](http://a.b)",
    "https://example.org",
    "a@example.org",
    "<|endoftext|>",
    "<|im_start|>",
    "JOKE:",
    "TOPIC:",
    "Assistant:",
    "{topic}",
    "%s",
    "$(rm)",
    "'; DROP TABLE jokes;--",
    "Why did the programmer ",
    "quit his job? ",
    "sh1t",
    "f u c k",
    "d*mn",
)

_LENGTH = 100_000

LONG_TEXTS = {
    "one letter": "a" * _LENGTH,
    "words": "the quick brown fox " * (_LENGTH // 20),
    "spaced letters": "a " * (_LENGTH // 2),
    "marks": "a" + "\u0301\u0323" * (_LENGTH // 2),
    "joiners": "\u200d" * _LENGTH,
    "zero-width": "a\u200b" * (_LENGTH // 2),
    "surrogates": "\ud800" * _LENGTH,
    "exclamation": "a" + "!" * _LENGTH + "a",
    "asterisks": "a*" * (_LENGTH // 2),
    "leet": "a1" * (_LENGTH // 2),
    "stretched": "aaabbbccc" * (_LENGTH // 9),
    "hyphens": "a-" * (_LENGTH // 2),
    "mentions": "<@" * (_LENGTH // 2),
    "dots": "a." * (_LENGTH // 2),
    "digits": "12 " * (_LENGTH // 3),
    "lines": " \n" * (_LENGTH // 2),
    "every plane": "".join(map(chr, range(0, 0x110000, 11))),
}
"""100,000 characters each, built to make backtracking or sorting quadratic."""


def hostile_texts() -> st.SearchStrategy[str]:
    """Any characters at all, lone surrogates among them, mixed with fragments that mean harm."""
    anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
    pieces = st.lists(st.one_of(st.sampled_from(_FRAGMENTS), anything), max_size=12)
    return pieces.map("".join)
