"""Which medicines may be shown in place of one that nobody has: the same ingredient, strength and form. Pure.

Some are never offered in place of another (design decision 15): those where a little more or less matters, those
that let go of their ingredient slowly, and biologicals. The lists err on the side of asking a person.
"""

from remedy.catalogue.model import Medicine, search_words

NARROW_ATC = (
    "B01AA", "C01AA", "C01B", "H03AA", "L04AD", "L04AH01", "L04AH02", "L04AX03", "N03A", "N05AN", "R03DA",
)  # fmt: skip
"""Vitamin K antagonists, digitalis, antiarrhythmics, thyroid hormones, calcineurin and mTOR inhibitors,
methotrexate, antiepileptics, lithium, theophylline."""

BIOLOGICAL_ATC = (
    "A10A", "A10BJ", "B01AB", "B02BD", "B03XA", "H01AC", "H05AA", "J06", "J07", "L01F", "L03A", "L04AB",
    "L04AC", "L04AG", "M05BX04", "S01LA",
)  # fmt: skip

NARROW_WORDS = frozenset({
    "warfarin", "acenocoumarol", "phenprocoumon", "digoxin", "digitoxin", "amiodarone",
    "flecainide", "quinidine", "levothyroxine", "liothyronine", "ciclosporin", "cyclosporine",
    "tacrolimus", "sirolimus", "everolimus", "methotrexate", "carbamazepine", "ethosuximide",
    "lamotrigine", "levetiracetam", "oxcarbazepine", "phenobarbital", "phenytoin", "primidone",
    "topiramate", "valproate", "valproic", "lithium", "aminophylline", "theophylline",
})  # fmt: skip
BIOLOGICAL_WORDS = frozenset({
    "insulin", "heparin", "enoxaparin", "dalteparin", "tinzaparin", "nadroparin", "vaccine",
    "immunoglobulin", "interferon", "epoetin", "darbepoetin", "filgrastim", "pegfilgrastim",
    "somatropin", "teriparatide", "etanercept", "aflibercept",
})  # fmt: skip
BIOLOGICAL_ENDINGS = ("mab", "cept")
SLOW_WORDS = frozenset({
    "modified", "prolonged", "extended", "sustained", "controlled", "delayed", "retard", "slow",
    "depot", "gastro", "enteric", "transdermal", "patch", "cr", "er", "la", "mr", "pr", "sr",
    "xl", "xr",
})  # fmt: skip


def may_be_replaced(one: Medicine) -> bool:
    """Whether another brand of the same ingredient, strength and form may be shown in its place."""
    if one.kind != "product" or one.is_controlled:
        return False
    if (one.atc_code or "").upper().startswith(NARROW_ATC + BIOLOGICAL_ATC):
        return False
    ingredient = set(search_words(one.generic_name))
    if ingredient & (NARROW_WORDS | BIOLOGICAL_WORDS):
        return False
    if any(word.endswith(BIOLOGICAL_ENDINGS) for word in ingredient):
        return False
    told = " ".join(text for text in (one.form, one.brand_name, one.generic_name) if text)
    return not set(search_words(told)) & SLOW_WORDS


def is_the_same(one: Medicine, other: Medicine) -> bool:
    """Whether two medicines have the same ingredient, strength and form, whatever brand and pack.

    Where the strength or form of either is not known, they are not called the same.
    """
    if not (one.strength and other.strength and one.form and other.form):
        return False
    return (
        set(search_words(one.generic_name)) == set(search_words(other.generic_name))
        and search_words(one.strength) == search_words(other.strength)
        and search_words(one.form) == search_words(other.form)
    )
