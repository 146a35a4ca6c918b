"""Hourly and daily sales of a made-up pharmacy, in the shape of the real files, from a fixed seed."""

import csv
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

GROUPS = {"M01AB": 5, "N02BE": 30, "N05C": 0.6, "R03": 6}
"""Group -> mean packs a day."""


def write_hourly_and_daily(folder, first: date, last: date):
    """Write both files; returns their paths. Hours add up to days exactly."""
    chance = random.Random(20180502)
    hourly_path, daily_path = folder / "hourly.csv", folder / "daily.csv"
    with hourly_path.open("w", newline="") as hours, daily_path.open("w", newline="") as days:
        hour_rows, day_rows = csv.writer(hours), csv.writer(days)
        hour_rows.writerow(["datum", *GROUPS])
        day_rows.writerow(["datum", *GROUPS])
        day = first
        while day <= last:
            total: Counter[str] = Counter()
            for hour in range(24):
                is_open = 8 <= hour < 20
                packs = {
                    group: Decimal(chance.randint(1, 2000 * 2)) / 1000
                    if is_open and chance.random() < mean / 24
                    else Decimal(0)
                    for group, mean in GROUPS.items()
                }
                total.update(packs)
                hour_rows.writerow([f"{day} {hour:02d}:00", *packs.values()])
            day_rows.writerow([day, *(total[group] for group in GROUPS)])
            day += timedelta(days=1)
    return hourly_path, daily_path
