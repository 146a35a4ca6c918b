"""The town's life is the same for the same seed, and believable."""

from collections import defaultdict
from datetime import date

from remedy.town.cast import PHARMACIES
from remedy.town.demand import CLOSES_AT, OPENS_AT, Day, life
from remedy.town.shelf import MEDICINES

FIRST = date(2026, 1, 5)


def days(seed: int = 7, count: int = 60) -> list[Day]:
    return list(life(FIRST, count, seed))


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
            day.deeds, key=lambda d: ("received", "sold", "refused", "adjusted").index(d.what)
        ):
            item = (deed.pharmacy.licence, deed.medicine.brand_name)
            if deed.what == "refused":
                refused += 1
                wanted_more.add(item)
            else:
                stock[item] += -deed.packs if deed.what == "sold" else deed.packs
            assert stock[item] >= 0
        assert all(stock[item] == 0 for item in wanted_more)
    assert refused > 20


def test_deeds_come_in_order_of_time_and_sales_while_the_shop_is_open() -> None:
    for day in days(count=14):
        minutes = [deed.minute for deed in day.deeds]
        assert minutes == sorted(minutes)
        assert all(OPENS_AT <= d.minute < CLOSES_AT for d in day.deeds if d.what == "sold")


def test_sunday_belongs_to_the_station() -> None:
    open_on_sunday = {one.licence for one in PHARMACIES if one.opens_on_sunday}
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


def test_forty_medicines_each_told_once() -> None:
    assert len(MEDICINES) == 40
    assert len({one.generic_name for one in MEDICINES}) == 40
    assert len({one.brand_name for one in MEDICINES}) == 40
