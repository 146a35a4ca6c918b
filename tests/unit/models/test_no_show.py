"""Learning from bookings: only what was known at booking, in order of time, and odd records."""

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from bench import noshow
from models import no_show
from models.no_show import Booked, TooFewVisits, known_at_booking, learn, of_records
from remedy.calls.model import Known, learnt

MONDAY = date(2026, 3, 2)


def record(**differs):
    told = {
        "PatientId": "29872499824296", "AppointmentID": "1", "Gender": "F",
        "ScheduledDay": "2016-04-20T18:38:08Z", "AppointmentDay": "2016-04-29T00:00:00Z", "Age": "62",
        "Neighbourhood": "MATA DA PRAIA", "SMS_received": "1", "No-show": "No",
    }  # fmt: skip
    return {**told, **{name.replace("No_show", "No-show"): text for name, text in differs.items()}}


def visit(visit_on, booked_on, *, patient="asha", is_missed=False):
    at = [MONDAY + timedelta(days=day) for day in (booked_on, visit_on)]
    return Booked(patient, at[0], at[1], is_missed, 40, "F", "Harbour")


def town(count=3000, days=20, seed=1):
    """Invented bookings of which the later half of the lead times is missed more often."""
    random, made = Random(seed), []
    for number in range(count):
        lead, day = random.choice([0, 2, 9, 30]), number * days // count
        is_missed = random.random() < (0.05 if lead == 0 else 0.2 if lead < 9 else 0.4)
        made.append(visit(day, day - lead, patient=str(number % 400), is_missed=is_missed))
    return made


def test_no_show_yes_means_absent():
    read = of_records([record(No_show="Yes"), record(No_show="No")])
    assert sorted(one.is_missed for one in read.visits) == [False, True]


def test_patient_ids_in_scientific_notation_stay_two_people():
    read = of_records([record(PatientId="9377952927E-5"), record(PatientId="9377952926E-5")])
    assert len({one.patient for one in read.visits}) == 2


def test_a_visit_dated_before_its_booking_is_left_out_and_counted():
    odd = record(ScheduledDay="2016-05-10T10:00:00Z")
    read = of_records([odd, record(), record(ScheduledDay="2016-04-29T23:00:00Z")])
    assert len(read.visits) == 2
    assert read.left_out == {"dated before the booking": 1}


def test_an_age_that_cannot_be_is_not_known_and_the_visit_stays():
    read = of_records([record(Age="115"), record(Age="-1"), record(Age="110")])
    assert [one.age for one in read.visits] == [None, None, 110]
    assert read.doubted == {"age": 2}


def test_what_cannot_be_read_is_left_out_and_counted():
    broken = [record(No_show="?"), record(Age=""), record(AppointmentDay="soon"), {}]
    read = of_records([*broken, record()])
    assert len(read.visits) == 1
    assert read.left_out == {"unreadable": 4}


def test_visits_come_in_order_of_time():
    days = ["2016-05-03T00:00:00Z", "2016-04-29T00:00:00Z", "2016-05-02T00:00:00Z"]
    read = of_records([record(AppointmentDay=day) for day in days])
    assert [one.visit_on.day for one in read.visits] == [29, 2, 3]


def test_an_earlier_visit_counts_only_when_it_had_ended_before_the_booking():
    told = known_at_booking(
        [
            visit(3, 0, is_missed=True),
            visit(5, 2),  # Booked while the first was still to come.
            visit(9, 3),  # Booked on the first one's day, which is not over.
            visit(9, 4),  # Booked when the first was over.
            visit(20, 10),
        ]
    )
    assert told == [
        Known(3, 0, 0), Known(3, 0, 0), Known(6, 0, 0), Known(5, 1, 1), Known(10, 4, 1),
    ]  # fmt: skip


def test_another_patients_visits_do_not_count():
    told = known_at_booking([visit(1, 0, patient="ben", is_missed=True), visit(9, 5)])
    assert told[1] == Known(4, 0, 0)


def test_changing_an_outcome_after_a_booking_changes_none_of_its_features():
    visits = town(600)
    before = known_at_booking(visits)
    checked = 0
    for row in range(0, len(visits), 37):
        flipped = list(visits)
        flipped[row] = replace(visits[row], is_missed=not visits[row].is_missed)
        after = known_at_booking(flipped)
        for other, (was, now) in enumerate(zip(before, after, strict=True)):
            if visits[other].booked_on <= visits[row].visit_on:
                assert was == now
                checked += 1
    assert checked > 1000


def test_that_check_sees_a_leak():
    # The control: the outcome of a visit that had ended does change what was known later.
    visits = [visit(1, 0), visit(9, 5)]
    flipped = [replace(visits[0], is_missed=True), visits[1]]
    assert known_at_booking(visits)[1] != known_at_booking(flipped)[1]


def test_what_comes_after_the_split_changes_nothing_that_is_learnt():
    visits, split = town(), MONDAY + timedelta(days=14)
    turned = [
        replace(one, is_missed=not one.is_missed) if one.visit_on >= split else one
        for one in visits
    ]
    made = learn(visits, before=split, where="here")
    assert made == learn(turned, before=split, where="here")
    assert made != learn(turned, before=MONDAY + timedelta(days=18), where="here")
    assert made.last_day < split.isoformat()


def test_calibration_uses_later_days_than_the_weights():
    visits, split = town(), MONDAY + timedelta(days=14)
    start = no_show.calibrated_from((one.visit_on for one in visits), split)
    assert start == MONDAY + timedelta(days=11)
    turned = [
        replace(one, is_missed=not one.is_missed) if start <= one.visit_on < split else one
        for one in visits
    ]
    made, other = (learn(some, before=split, where="here") for some in (visits, turned))
    assert made.weights == other.weights
    assert made.slope != other.slope


def test_what_is_learnt_is_calibrated_where_there_is_something_to_learn():
    visits = town(8000)
    made = learn(visits, before=MONDAY + timedelta(days=15), where="here")
    later = [one for one in visits if one.visit_on >= MONDAY + timedelta(days=15)]
    risks, labels = no_show.risks(made, later), no_show.missed(later)
    assert abs(risks.mean() - labels.mean()) < 0.03
    ahead = np.array([one.visit_on - one.booked_on >= timedelta(days=9) for one in later])
    assert risks[ahead].mean() > risks[~ahead].mean() + 0.15


def test_too_few_days_and_one_kind_of_outcome_are_refused_in_words():
    with pytest.raises(TooFewVisits, match="at least 6 days"):
        learn([visit(day, 0) for day in range(5)], before=MONDAY + timedelta(days=9), where="here")
    with pytest.raises(TooFewVisits, match="only one kind"):
        learn([visit(day, 0) for day in range(9)], before=MONDAY + timedelta(days=9), where="here")


@pytest.mark.realdata
def test_the_released_model_is_what_the_real_bookings_teach():
    read = no_show.read(Path(os.environ["REMEDY_DATA_DIR"]) / noshow.FILE)
    assert len(read.visits) == 67_360
    assert read.left_out == {"dated before the booking": 5}
    made = learn(read.visits, before=noshow.TESTED_FROM, where=noshow.WHERE)
    assert made.weights == pytest.approx(learnt().weights, abs=1e-3)
    assert (made.slope, made.offset) == pytest.approx((learnt().slope, learnt().offset), abs=1e-3)
