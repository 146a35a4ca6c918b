"""An invented catalogue for `./run bench search`: products as a country has them, and pharmacies that stock them.

The same numbers give the same catalogue. Ingredients end as international names do and brands are made of
syllables, so that many are alike; nothing is copied from a register.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

STEMS = (
    "cillin", "mycin", "floxacin", "pril", "sartan", "olol", "dipine", "statin", "prazole", "tidine",
    "azole", "vir", "setron", "triptan", "profen", "oxetine", "azepam", "caine", "terol", "sone",
    "gliptin", "gliflozin", "formin", "parin", "thiazide", "semide", "lukast", "tadine", "mab", "nib",
)  # fmt: skip
ONSETS = (
    "b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z",
    "br", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "pl", "pr", "st", "tr",
)  # fmt: skip
VOWELS = ["a", "e", "i", "o", "u", "ia", "io", "ea", "ai"]
CODAS = ["", "", "", "", "l", "m", "n", "r", "s", "x", "t", "nd", "st"]
FORMS = {
    "tablet": ("20 tablets", "30 tablets", "60 tablets"),
    "capsule": ("14 capsules", "28 capsules"),
    "syrup": ("100 ml", "200 ml"),
    "cream": ("15 g", "30 g"),
    "drops": ("10 ml",),
    "injection": ("5 ampoules", "10 ampoules"),
    "suppository": ("10 suppositories",),
}
STRENGTHS = (
    1, 2, 2.5, 5, 10, 15, 20, 25, 40, 50, 75, 100, 120, 150, 200, 250, 300, 400, 500, 600, 750, 1000,
)  # fmt: skip
MOST_OF_A_BRAND = 9
DISTRICTS = 25
CENTRE = (41.9, 12.5)


@dataclass(frozen=True)
class Product:
    """A medicine as it is loaded."""

    row_id: int
    generic_name: str
    brand_name: str
    strength: str
    form: str
    pack: str
    atc_code: str


@dataclass(frozen=True)
class Size:
    """How large the catalogue is; `stocked` products at each pharmacy, of which `staples` are the same everywhere."""

    products: int = 100_000
    pharmacies: int = 500
    stocked: int = 4_000
    staples: int = 1_500
    seed: int = 5

    @property
    def name(self) -> str:
        """What tells this size from others."""
        return f"{self.products}x{self.pharmacies}x{self.stocked}s{self.staples}r{self.seed}"


def products(size: Size) -> list[Product]:
    """Every product; those of one brand are of one ingredient, in a few strengths, forms and packs."""
    dice = random.Random(size.seed)
    ingredients = _names(
        dice, max(20, size.products // 60), lambda: _syllables(dice, 1, 2) + dice.choice(STEMS)
    )
    brands = iter(_names(dice, size.products, lambda: _brand(dice)))
    made: list[Product] = []
    while len(made) < size.products:
        ingredient, brand = dice.choice(ingredients), next(brands)
        number = ingredients.index(ingredient)
        atc = f"{'ABCDGHJLMNPRSV'[number % 14]}{number % 16 + 1:02d}{chr(65 + number % 7)}{chr(65 + number % 5)}{number % 99 + 1:02d}"
        kinds = [
            (f"{milligrams:g} mg", form, pack)
            for form in dice.sample(list(FORMS), dice.choice((1, 1, 2, 3)))
            for milligrams in dice.sample(STRENGTHS, dice.choice((1, 2, 2, 3)))
            for pack in FORMS[form][: dice.choice((1, 1, 2))]
        ]
        for strength, form, pack in kinds[:MOST_OF_A_BRAND][: size.products - len(made)]:
            row = len(made) + 1
            made.append(Product(row, ingredient, brand, strength, form, pack, atc))
    return made


def _names(dice: random.Random, count: int, make: Callable[[], str]) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        name = make()
        if 4 <= len(name) <= 14:
            found[name] = None
    return list(found)


def _syllables(dice: random.Random, least: int, most: int) -> str:
    return "".join(
        dice.choice(ONSETS) + dice.choice(VOWELS) + dice.choice(CODAS)
        for _ in range(dice.randint(least, most))
    )


def _brand(dice: random.Random) -> str:
    name = _syllables(dice, 2, 3).capitalize()
    return (
        f"{name} {dice.choice(('Plus', 'Forte', 'Junior', 'Duo'))}" if dice.random() < 0.1 else name
    )


def shelves(size: Size) -> Iterator[list[int]]:
    """For each pharmacy the row ids it stocks: the staples, and a choice of the rest of its own."""
    dice = random.Random(size.seed + 1)
    everything = list(range(1, size.products + 1))
    dice.shuffle(everything)
    staples, rest = everything[: size.staples], everything[size.staples :]
    for _ in range(size.pharmacies):
        yield sorted(staples + dice.sample(rest, size.stocked - size.staples))


def with_a_slip(dice: random.Random, name: str) -> str:
    """The name with one edit in one of its words of five letters or more: wrong, missing, too many, or swapped."""
    words = name.split()
    long = [number for number, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    number = dice.choice(long)
    word = words[number].lower()
    while (slipped := _slip(dice, word)) == word:
        pass
    words[number] = slipped
    return " ".join(words)


def _slip(dice: random.Random, word: str) -> str:
    spot, letter = dice.randrange(len(word)), dice.choice("abcdefghijklmnopqrstuvwxyz")
    kind = dice.choice(("wrong", "missing", "extra", "swapped"))
    if kind == "wrong":
        return word[:spot] + letter + word[spot + 1 :]
    if kind == "missing":
        return word[:spot] + word[spot + 1 :]
    if kind == "extra":
        return word[:spot] + letter + word[spot:]
    spot = dice.randrange(len(word) - 1)
    return word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]
