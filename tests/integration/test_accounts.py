"""Accounts on a real database: sign-in and its throttle, sessions, API keys."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from remedy.accounts import keys, passwords, service
from remedy.accounts.model import (
    FAILURES_PER_ACCOUNT,
    FAILURES_PER_ADDRESS,
    AlreadyRegistered,
    Person,
    Refused,
    SignInRefused,
    TooManyFailures,
)
from remedy.accounts.queries import contact
from remedy.gateways.mysql import in_transaction
from remedy.schema.people import account, patient, session, sign_in_failure
from tests import factories
from tests.factories import PASSWORD, SECRET_KEY, Watch

pytestmark = pytest.mark.integration


@pytest.fixture
def watch() -> Watch:
    return Watch()


def email_of(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}@town.example"


def register(database: sa.Engine, email: str, watch: Watch, name: str = "Asha") -> Person:
    vault = factories.a_vault(watch)
    return in_transaction(
        database,
        lambda c: service.register_patient(
            c,
            vault,
            name=name,
            email=email,
            password=PASSWORD,
            phone="+39 06 5550 777",
            secret_key=SECRET_KEY,
            clock=watch,
        ),
    )


def try_sign_in(
    database: sa.Engine,
    email: str,
    watch: Watch,
    *,
    password: str = PASSWORD,
    address: str = "203.0.113.7",
) -> tuple[str, Person]:
    attempt = in_transaction(
        database,
        lambda c: service.note_attempt(
            c, email=email, address=address, secret_key=SECRET_KEY, clock=watch
        ),
    )
    return in_transaction(
        database,
        lambda c: service.sign_in(
            c,
            email=email,
            password=password,
            address=address,
            attempt=attempt,
            secret_key=SECRET_KEY,
            clock=watch,
            vault=factories.a_vault(watch),
        ),
    )


def who(database: sa.Engine, token: str, watch: Watch) -> Person | None:
    return in_transaction(database, lambda c: service.session_person(c, token, clock=watch))


def test_asha_registers_signs_in_and_is_known_by_name(database: sa.Engine, watch: Watch) -> None:
    email = email_of("asha")
    registered = register(database, email, watch)
    _, person = try_sign_in(database, f"  {email.upper()} ", watch)
    assert person == registered
    assert person.name == "Asha"
    assert person.role == "patient"


def test_nothing_told_at_registration_is_readable_in_the_tables(
    database: sa.Engine, watch: Watch
) -> None:
    email = email_of("canary")
    person = register(database, email, watch, name="Canary Clearname")
    with database.connect() as c:
        row = c.execute(sa.select(patient).where(patient.c.public_id == person.patient_id)).one()
        kept = c.execute(sa.select(account).where(account.c.public_id == person.account_id)).one()
        everything = repr((tuple(row), tuple(kept)))
        assert person.patient_id is not None
        reached = contact(c, factories.a_vault(), person.patient_id)
    assert reached is not None
    assert (reached.name, reached.email) == ("Canary Clearname", email)
    for told in ("Canary", "Clearname", email, "5550"):
        assert told not in everything


def test_an_address_registers_once(database: sa.Engine, watch: Watch) -> None:
    email = email_of("asha")
    register(database, email, watch)
    with pytest.raises(AlreadyRegistered):
        register(database, email.upper(), watch)


def test_an_unknown_name_and_a_wrong_password_read_the_same(
    database: sa.Engine, watch: Watch
) -> None:
    email = email_of("asha")
    register(database, email, watch)
    with pytest.raises(SignInRefused) as wrong:
        try_sign_in(database, email, watch, password="not the umbrellas")
    with pytest.raises(SignInRefused) as unknown:
        try_sign_in(database, email_of("nobody"), watch)
    assert str(wrong.value) == str(unknown.value)
    assert type(wrong.value) is type(unknown.value)


def test_an_unknown_name_costs_one_argon2_verification(
    database: sa.Engine, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    real = passwords.is_right

    def counted(password: str, kept: str | None) -> bool:
        asked.append(kept)
        return real(password, kept)

    monkeypatch.setattr(passwords, "is_right", counted)
    with pytest.raises(SignInRefused):
        try_sign_in(database, email_of("nobody"), watch)
    assert asked == [None]


def test_a_closed_account_is_not_let_in_and_its_session_is_dead(
    database: sa.Engine, watch: Watch
) -> None:
    email = email_of("asha")
    person = register(database, email, watch)
    token, _ = try_sign_in(database, email, watch)
    with database.begin() as c:
        c.execute(
            sa.update(account)
            .where(account.c.public_id == person.account_id)
            .values(is_active=False)
        )
    assert who(database, token, watch) is None
    with pytest.raises(SignInRefused):
        try_sign_in(database, email, watch)


def test_five_failures_shut_the_door_of_one_address_for_fifteen_minutes(
    database: sa.Engine, watch: Watch
) -> None:
    email = email_of("asha")
    register(database, email, watch)
    address = f"198.51.100.{uuid4().hex[:6]}"
    for _ in range(FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInRefused):
            try_sign_in(database, email, watch, password="wrong wrong", address=address)
    with pytest.raises(TooManyFailures):
        try_sign_in(database, email, watch, address=address)
    try_sign_in(database, email, watch, address="192.0.2.200")
    watch.wait(minutes=15, seconds=1)
    try_sign_in(database, email, watch, address=address)


def test_a_name_nobody_has_is_throttled_in_the_same_words(
    database: sa.Engine, watch: Watch
) -> None:
    texts = []
    known = email_of("asha")
    register(database, known, watch)
    for email in (known, email_of("nobody")):
        address = uuid4().hex[:12]
        for _ in range(FAILURES_PER_ACCOUNT):
            with pytest.raises(SignInRefused):
                try_sign_in(database, email, watch, password="wrong wrong", address=address)
        with pytest.raises(TooManyFailures) as refused:
            try_sign_in(database, email, watch, password="wrong wrong", address=address)
        texts.append(str(refused.value))
    assert texts[0] == texts[1]


def test_many_guesses_at_once_get_no_more_than_five_looks_at_the_password(
    database: sa.Engine, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, address = email_of("asha"), uuid4().hex[:12]
    register(database, email, watch)
    looks: list[str] = []
    real = passwords.is_right

    def counted(password: str, kept: str | None) -> bool:
        looks.append(password)
        return real(password, kept)

    monkeypatch.setattr(passwords, "is_right", counted)

    # Every attempt is past the first look before any password is compared.
    attempts = []
    with ThreadPoolExecutor(8) as pool:
        noted = [
            pool.submit(
                in_transaction,
                database,
                lambda c: service.note_attempt(
                    c, email=email, address=address, secret_key=SECRET_KEY, clock=watch
                ),
            )
            for _ in range(24)
        ]
        for future in noted:
            try:
                attempts.append(future.result())
            except TooManyFailures:
                continue
    assert len(attempts) >= FAILURES_PER_ACCOUNT

    def guess(attempt: int) -> None:
        in_transaction(
            database,
            lambda c: service.sign_in(
                c,
                email=email,
                password="wrong wrong",
                address=address,
                attempt=attempt,
                secret_key=SECRET_KEY,
                clock=watch,
            ),
        )

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(guess, attempt) for attempt in attempts]:
            with pytest.raises(SignInRefused):
                future.result()
    assert len(looks) == FAILURES_PER_ACCOUNT


def test_an_address_that_tries_many_names_is_shut_out(database: sa.Engine, watch: Watch) -> None:
    address = uuid4().hex[:12]

    def note(c: sa.Connection) -> int:
        return service.note_attempt(
            c, email=email_of("n"), address=address, secret_key=SECRET_KEY, clock=watch
        )

    for _ in range(FAILURES_PER_ADDRESS):
        in_transaction(database, note)
    with pytest.raises(TooManyFailures):
        in_transaction(database, note)
    with database.connect() as c:
        kept = sa.select(sa.func.count()).where(sign_in_failure.c.address == address)
        assert c.execute(kept).scalar() == FAILURES_PER_ADDRESS


def test_success_forgets_the_failures_before_it(database: sa.Engine, watch: Watch) -> None:
    email, address = email_of("asha"), uuid4().hex[:12]
    register(database, email, watch)
    for _ in range(3):
        for _ in range(FAILURES_PER_ACCOUNT - 1):
            with pytest.raises(SignInRefused):
                try_sign_in(database, email, watch, password="wrong wrong", address=address)
        try_sign_in(database, email, watch, address=address)


def test_only_the_digest_of_a_token_is_kept(database: sa.Engine, watch: Watch) -> None:
    email = email_of("asha")
    register(database, email, watch)
    token, _ = try_sign_in(database, email, watch)
    assert len(token) >= 43
    with database.connect() as c:
        everything = repr(c.execute(sa.select(session)).all())
    assert token not in everything


def test_a_session_ends_by_idleness_by_age_and_at_once_by_signing_out(
    database: sa.Engine, watch: Watch
) -> None:
    email = email_of("asha")
    register(database, email, watch)
    idle, _ = try_sign_in(database, email, watch)
    watch.wait(minutes=29)
    assert who(database, idle, watch) is not None
    watch.wait(minutes=29)
    assert who(database, idle, watch) is not None
    watch.wait(minutes=31)
    assert who(database, idle, watch) is None

    old, _ = try_sign_in(database, email, watch)
    for _ in range(12 * 3):
        assert who(database, old, watch) is not None
        watch.wait(minutes=20)
    assert who(database, old, watch) is None

    left, _ = try_sign_in(database, email, watch)
    other, _ = try_sign_in(database, email, watch)
    in_transaction(database, lambda c: service.sign_out(c, left, clock=watch))
    assert who(database, left, watch) is None
    assert who(database, other, watch) is not None
    assert who(database, "made up", watch) is None


def test_an_api_key_speaks_for_its_pharmacy_until_it_is_revoked(
    database: sa.Engine, watch: Watch
) -> None:
    def make(c: sa.Connection) -> tuple[UUID, str]:
        pharmacy_id = factories.a_pharmacy(c)
        return pharmacy_id, keys.new_api_key(c, pharmacy_id, "till 1", clock=watch)

    pharmacy_id, key = in_transaction(database, make)
    assert key.startswith("rmd_")
    with database.begin() as c:
        assert keys.api_key_pharmacy(c, key) == pharmacy_id
        assert keys.api_key_pharmacy(c, key + "x") is None
        key_id = keys.api_key_id(c, key)
        keys.revoke_api_key(c, key_id, clock=watch)
        assert keys.api_key_pharmacy(c, key) is None
        with pytest.raises(Refused):
            keys.revoke_api_key(c, key_id, clock=watch)
        assert keys.api_key_id(c, key + "x") is None
        with pytest.raises(Refused):
            keys.revoke_api_key(c, None, clock=watch)


def test_a_role_needs_what_it_belongs_to(database: sa.Engine, watch: Watch) -> None:
    with database.begin() as c:
        pharmacy_id = factories.a_pharmacy(c)
        for belongs in (
            {"role": "pharmacist", "staff_name": "Chitra"},
            {"role": "admin", "staff_name": "Farah", "pharmacy_id": pharmacy_id},
            {"role": "pharmacist", "pharmacy_id": pharmacy_id},
            {"role": "pharmacist", "staff_name": "Chitra", "pharmacy_id": uuid4()},
            {"role": "owner", "staff_name": "Farah"},
        ):
            with pytest.raises(Refused):
                service.create_account(
                    c,
                    email=email_of("staff"),
                    password=PASSWORD,
                    secret_key=SECRET_KEY,
                    clock=watch,
                    **belongs,  # type: ignore[arg-type]
                )


def test_what_is_old_is_forgotten(database: sa.Engine, watch: Watch) -> None:
    email = email_of("asha")
    register(database, email, watch)
    token, _ = try_sign_in(database, email, watch)
    with pytest.raises(SignInRefused):
        try_sign_in(database, email, watch, password="wrong wrong")
    watch.wait(days=40)
    in_transaction(database, lambda c: service.forget_old(c, clock=watch))
    with database.connect() as c:
        for table in (session, sign_in_failure):
            assert c.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
    assert who(database, token, watch) is None
