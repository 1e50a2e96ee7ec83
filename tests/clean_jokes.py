"""Jokes written for these tests, fit for everybody."""

__all__ = ["CLEAN_JOKES"]

CLEAN_JOKES = (
    "Why did the programmer quit? Because he didn't get arrays.",
    "My cat applied for a job at the bakery. She wanted to work with purr-fect rolls.",
    "What do you call a penguin in the desert? Lost.",
    "I asked the librarian for a book about gravity. She said I couldn't put it down.",
    "Doctor, doctor, I feel like a pair of curtains!\nThen pull yourself together.",
    "Two robots walk into a bar. The third one updates its map.",
    "Why don't clouds ever win at hide and seek? You can see right through them.",
    'Knock, knock.\nWho\'s there?\nLettuce.\nLettuce who?\n"Lettuce in, it is raining!"',
    "My grandma bought a smart fridge. Now it corrects her soup.",
    "Why did the chicken join a band? It already had the drumsticks.",
    "A lawyer, an engineer and a parrot sit on a train. Only the parrot bills nobody.",
    "What's the weather like on Mars? Out of this world ☀️",
    "The school orchestra played so softly that the silence asked for an encore.",
    "I told my dog 1,000 jokes by 9:30. He only laughs at No. 7.",
    "*pigeon lands on my sandwich* Waiter, there is a bird in my lunch.",
    "How many astronauts does it take to change a light bulb? None, they prefer the stars.",
    "My pizza and I have a lot in common – we are both better warm & round.",
    "Why was the maths book sad? It had too many problems.",
    "Moby Dick never pays for drinks. He always has a whale of a tab.",
    "Banana, banana, banana, said the monkey. That was his shopping list.",
)
