"""The town's life is the same for the same seed, and believable."""

from collections import defaultdict
from datetime import date

from remedy.town.cast import FULL, SMALL, Size, doctors, hours_of, patients, pharmacies
from remedy.town.demand import Day, Shop, life
from remedy.town.people import sign_ins
from remedy.town.shelf import medicines

FIRST = date(2026, 1, 5)


def days(seed: int = 7, count: int = 60) -> list[Day]:
    return list(life(SMALL, FIRST, count, seed))


def test_the_same_seed_tells_the_same_life_and_another_another() -> None:
    assert days() == days()
    assert days() != days(seed=8)


def test_a_shorter_life_begins_in_the_same_shops() -> None:
    def kept(told: list[Day]) -> set[tuple[str, str]]:
        return {
            (d.pharmacy.licence, d.medicine.brand_name)
            for d in told[0].deeds
            if d.what == "received"
        }

    assert kept(days(count=5)) == kept(days(count=60))
    assert len(kept(days())) > 100


def test_nothing_is_sold_that_is_not_there_and_refusals_mean_an_empty_shelf() -> None:
    stock: dict[tuple[str, str], int] = defaultdict(int)
    refused = 0
    for day in days():
        wanted_more = set()
        for deed in sorted(
            day.deeds,
            key=lambda d: ("priced", "received", "expired", "sold", "refused", "adjusted").index(
                d.what
            ),
        ):
            item = (deed.pharmacy.licence, deed.medicine.brand_name)
            if deed.what == "refused":
                refused += 1
                wanted_more.add(item)
            elif deed.what != "priced":
                stock[item] += -deed.packs if deed.what in ("sold", "expired") else deed.packs
            assert stock[item] >= 0
        assert all(stock[item] == 0 for item in wanted_more)
    assert refused > 20


def test_deeds_come_in_order_of_time_and_sales_while_the_shop_is_open() -> None:
    for day in days(count=14):
        minutes = [deed.minute for deed in day.deeds]
        assert minutes == sorted(minutes)
        for deed in day.deeds:
            if deed.what == "sold":
                stretches = deed.pharmacy.open_on(day.day)
                assert any(opens <= deed.minute < closes for opens, closes in stretches)


def test_sunday_belongs_to_the_station() -> None:
    open_on_sunday = {one.licence for one in pharmacies(SMALL) if one.opens_on_sunday}
    assert len(open_on_sunday) == 1
    sold = {
        d.pharmacy.licence
        for day in days()
        if day.day.weekday() == 6
        for d in day.deeds
        if d.what == "sold"
    }
    assert sold == open_on_sunday


def test_mondays_sell_more_than_saturdays_and_spring_more_against_hay_fever() -> None:
    by_weekday: dict[int, int] = defaultdict(int)
    early = late = 0
    for number, day in enumerate(days(count=56)):
        for deed in day.deeds:
            if deed.what == "sold":
                by_weekday[day.day.weekday()] += deed.packs
                if deed.medicine.generic_name == "cetirizine":
                    early += deed.packs if number < 28 else 0
                    late += deed.packs if number >= 28 else 0
    assert by_weekday[0] > by_weekday[5] * 1.2
    assert late > early


def test_some_searches_find_nothing_and_most_find_something() -> None:
    looks = [look for day in days() for look in day.looks]
    nothing = [look for look in looks if not look.found]
    assert 0 < len(nothing) < len(looks) / 2
    assert any(look.medicine is None for look in nothing)


def test_the_lists_are_as_long_as_promised_and_name_nobody_twice() -> None:
    shelf = medicines(FULL)
    assert len(shelf) >= 300
    assert len(medicines(SMALL)) == 40
    products = {(one.generic_name, one.strength, one.form, one.pack) for one in shelf}
    assert len(products) == len(shelf)
    assert all(7 >= len(one.atc_code) >= 5 for one in shelf)
    assert (len(pharmacies(FULL)), len(doctors(FULL)), len(patients(FULL))) == (25, 30, 200)
    assert len({one.speciality for one in doctors(FULL)}) == 10
    assert len({one.hospital for one in doctors(FULL)}) == 3
    everybody = sign_ins(FULL, "a secret key of a test, long enough.")
    assert len({one["email"] for one in everybody}) == len(everybody) == 256


def test_hours_are_read_as_they_are_written() -> None:
    told = hours_of("Mo-Tu 08:30-13:00,15:30-19:30; Su 09:00-13:00")
    assert [(day, f"{opens:%H:%M}-{closes:%H:%M}") for day, opens, closes in told] == [
        (0, "08:30-13:00"),
        (0, "15:30-19:30"),
        (1, "08:30-13:00"),
        (1, "15:30-19:30"),
        (6, "09:00-13:00"),
    ]


def of_year(size: Size = FULL, shop: int = 5) -> list[list]:
    """A year and a bit at one pharmacy of the large town."""
    return list(Shop(pharmacies(size)[shop], size, 400, 7).days(FIRST))


def test_a_pharmacy_tells_the_same_alone_and_among_others() -> None:
    alone = list(Shop(pharmacies(SMALL)[1], SMALL, 10, 7).days(FIRST))
    among = [
        [deed for deed in day.deeds if deed.pharmacy is pharmacies(SMALL)[1]]
        for day in days(count=10)
    ]
    assert alone == among


def test_a_year_has_closed_days_promotions_counts_and_what_went_out_of_date() -> None:
    year = of_year()
    happened = {(deed.what, deed.reason) for day in year for deed in day}
    assert {
        ("counted", None),
        ("priced", None),
        ("held", None),
        ("refused", None),
        ("expired", None),
        ("adjusted", "Broken pack"),
    } <= happened
    holiday = pharmacies(FULL)[5]
    assert holiday.closed == "08-03/08-16"
    in_august = [(date(2026, 8, 3) - FIRST).days + n for n in range(14)]
    assert all(not year[number] for number in in_august)


def test_what_is_counted_is_what_deliveries_and_sales_add_up_to() -> None:
    stock: dict[str, int] = defaultdict(int)
    counted = missing = 0
    for day in of_year():
        for deed in day:
            if deed.what in ("received", "adjusted"):
                stock[deed.medicine.key] += deed.packs
            elif deed.what in ("sold", "expired"):
                stock[deed.medicine.key] -= deed.packs
            elif deed.what == "counted":
                counted += 1
                missing += stock[deed.medicine.key] - deed.packs
                assert 0 <= stock[deed.medicine.key] - deed.packs <= 1
                stock[deed.medicine.key] = deed.packs
            assert stock[deed.medicine.key] >= 0
    assert counted > 100
    assert missing > 0


def test_winter_sells_more_against_coughs_than_summer() -> None:
    sold: dict[str, int] = defaultdict(int)
    for pharmacy in pharmacies(FULL)[:5]:
        story = Shop(pharmacy, FULL, 365, 7).days(FIRST)
        for number, day in enumerate(story):
            half = (
                "winter" if number < 60 or number > 305 else "summer" if 150 < number < 270 else ""
            )
            for deed in day:
                if deed.what == "sold" and deed.medicine.season == "winter":
                    sold[half] += deed.packs
    assert sold["winter"] > 1.3 * sold["summer"]


def test_any_number_of_years_can_be_told_without_a_stack() -> None:
    three_years = Shop(pharmacies(FULL)[0], FULL, 3 * 365, 7).days(FIRST)
    assert sum(deed.what == "sold" for day in three_years for deed in day) > 20_000
