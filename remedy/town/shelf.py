"""The forty medicines of the town: real substances, invented brands, invented prices. Data only."""

from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class TownMedicine:
    """A medicine and how the town buys it.

    `packs_a_day` is the mean over all pharmacies at the start, `trend` what that is multiplied by until
    the end. Where `is_kept` is False no pharmacy keeps it: it is only asked for.
    """

    generic_name: str
    brand_name: str
    strength: str
    form: str
    pack: str
    atc_code: str
    price_minor: int
    packs_a_day: float
    trend: float = 1.0
    is_prescription_only: bool = False
    is_controlled: bool = False
    is_kept: bool = True


_rx = partial(TownMedicine, is_prescription_only=True)

MEDICINES = (
    TownMedicine("paracetamol", "Calmadol", "500 mg", "tablet", "20 tablets", "N02BE01", 420, 22.0),
    TownMedicine(
        "ibuprofen", "Flexira", "400 mg", "tablet", "20 tablets", "M01AE01", 590, 16.0, trend=1.2
    ),
    TownMedicine(
        "acetylsalicylic acid", "Cardiplain", "100 mg", "tablet", "50 tablets", "B01AC06", 380, 8.0
    ),
    TownMedicine("diclofenac", "Rubigel", "10 mg/g", "gel", "100 g", "M02AA15", 890, 5.0),
    TownMedicine(
        "cetirizine", "Allerease", "10 mg", "tablet", "20 tablets", "R06AE07", 640, 9.0, trend=1.7
    ),
    TownMedicine(
        "loratadine", "Clearday", "10 mg", "tablet", "20 tablets", "R06AX13", 690, 6.0, trend=1.6
    ),
    TownMedicine(
        "xylometazoline",
        "Nasofree",
        "1 mg/ml",
        "nasal spray",
        "10 ml",
        "R01AA07",
        510,
        11.0,
        trend=0.6,
    ),
    TownMedicine("loperamide", "Settlia", "2 mg", "capsule", "12 capsules", "A07DA03", 570, 4.0),
    TownMedicine("macrogol", "Easyday", "13.8 g", "powder", "20 sachets", "A06AD15", 1290, 3.0),
    TownMedicine("omeprazole", "Gastrona", "20 mg", "capsule", "14 capsules", "A02BC01", 790, 10.0),
    TownMedicine(
        "colecalciferol", "Sunnydrop", "1000 IU", "drops", "10 ml", "A11CC05", 950, 7.0, trend=0.8
    ),
    TownMedicine(
        "ferrous sulfate", "Ironelle", "80 mg", "tablet", "30 tablets", "B03AA07", 720, 3.0
    ),
    TownMedicine("folic acid", "Folinea", "5 mg", "tablet", "20 tablets", "B03BB01", 480, 2.5),
    TownMedicine("ambroxol", "Breezol", "30 mg", "syrup", "150 ml", "R05CB06", 830, 8.0, trend=0.6),
    TownMedicine(
        "chlorhexidine", "Mouthwell", "2 mg/ml", "mouthwash", "300 ml", "A01AB03", 760, 3.5
    ),
    TownMedicine(
        "dimenhydrinate",
        "Travelin",
        "50 mg",
        "tablet",
        "10 tablets",
        "R06AA02",
        550,
        2.0,
        trend=1.3,
    ),
    _rx(
        "amoxicillin", "Amoxara", "500 mg", "capsule", "12 capsules", "J01CA04", 680, 7.0, trend=0.8
    ),
    _rx("azithromycin", "Azimira", "500 mg", "tablet", "3 tablets", "J01FA10", 990, 4.0, trend=0.7),
    _rx("doxycycline", "Doxelan", "100 mg", "tablet", "10 tablets", "J01AA02", 740, 2.0),
    _rx("metformin", "Glucomar", "850 mg", "tablet", "30 tablets", "A10BA02", 430, 9.0, trend=1.1),
    _rx("insulin glargine", "Basalia", "100 U/ml", "pen", "5 pens", "A10AE04", 5490, 2.5),
    _rx("atorvastatin", "Lipovera", "20 mg", "tablet", "30 tablets", "C10AA05", 690, 8.0),
    _rx("simvastatin", "Simvella", "20 mg", "tablet", "28 tablets", "C10AA01", 520, 4.0, trend=0.8),
    _rx("ramipril", "Ramiton", "5 mg", "tablet", "28 tablets", "C09AA05", 490, 7.0),
    _rx("amlodipine", "Amlora", "5 mg", "tablet", "28 tablets", "C08CA01", 470, 7.0),
    _rx("bisoprolol", "Bisomer", "2.5 mg", "tablet", "28 tablets", "C07AB07", 510, 6.0),
    _rx("furosemide", "Furosan", "25 mg", "tablet", "30 tablets", "C03CA01", 390, 4.0),
    _rx("levothyroxine", "Thyroma", "75 micrograms", "tablet", "50 tablets", "H03AA01", 560, 5.0),
    _rx("pantoprazole", "Pantorel", "40 mg", "tablet", "28 tablets", "A02BC02", 820, 7.0),
    _rx(
        "salbutamol",
        "Airelle",
        "100 micrograms",
        "inhaler",
        "200 doses",
        "R03AC02",
        650,
        5.0,
        trend=1.4,
    ),
    _rx(
        "budesonide",
        "Budelan",
        "200 micrograms",
        "inhaler",
        "100 doses",
        "R03BA02",
        1850,
        2.0,
        trend=1.3,
    ),
    _rx("prednisolone", "Predonel", "5 mg", "tablet", "20 tablets", "H02AB06", 580, 2.0),
    _rx("warfarin", "Warfinel", "5 mg", "tablet", "30 tablets", "B01AA03", 450, 1.5),
    _rx("clopidogrel", "Clopimar", "75 mg", "tablet", "28 tablets", "B01AC04", 980, 3.0),
    _rx("sertraline", "Sertamir", "50 mg", "tablet", "30 tablets", "N06AB06", 870, 4.0, trend=1.1),
    _rx(
        "diazepam",
        "Diazelin",
        "5 mg",
        "tablet",
        "20 tablets",
        "N05BA01",
        610,
        1.5,
        is_controlled=True,
    ),
    _rx(
        "tramadol",
        "Tramavel",
        "50 mg",
        "capsule",
        "20 capsules",
        "N02AX02",
        790,
        1.5,
        is_controlled=True,
    ),
    _rx("methotrexate", "Metholan", "2.5 mg", "tablet", "15 tablets", "L04AX03", 1120, 0.5),
    _rx(
        "semaglutide",
        "Semavia",
        "1 mg",
        "pen",
        "1 pen",
        "A10BJ06",
        17900,
        3.0,
        trend=1.8,
        is_kept=False,
    ),
    _rx(
        "nitrofurantoin",
        "Nitrelan",
        "100 mg",
        "capsule",
        "20 capsules",
        "J01XE01",
        940,
        1.2,
        is_kept=False,
    ),
)
"""Ordered as they are numbered in the register of the town (source `town`)."""
