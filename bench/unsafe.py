"""The control of `chaos`: a portal that commits, then publishes without an outbox. It must lose."""

import json
import subprocess
import sys
import time

import sqlalchemy as sa
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from bench import landed
from bench.own_stack import OwnStack
from remedy.gateways.mysql import engine_for

TOPIC = "bench-unsafe"
TABLE = "bench_unsafe_click"
RATE = 20.0


def lost_without_outbox(stack: OwnStack, *, kills: int) -> int:
    """How many committed clicks never reached Kafka, of a portal killed while the broker was away."""
    settings = stack.settings("owner")
    engine = engine_for(settings.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}")
        connection.exec_driver_sql(f"CREATE TABLE {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY)")
    admin = AdminClient({"bootstrap.servers": settings.kafka_brokers})
    admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])[TOPIC].result(30)
    for _ in range(kills):
        portal = subprocess.Popen(
            [sys.executable, "-m", "bench.unsafe", settings.database_url, settings.kafka_brokers]
        )
        time.sleep(3)
        # Held down, not killed: five more deaths in two minutes and the supervisor would give it up.
        stack.running.stop("kafka")
        time.sleep(3)
        portal.kill()
        portal.wait()
        stack.running.start("kafka")
    with engine.begin() as connection:
        committed = set(connection.execute(sa.text(f"SELECT id FROM {TABLE}")).scalars())
        connection.exec_driver_sql(f"DROP TABLE {TABLE}")
    told = _told(settings.kafka_brokers)
    print(f"control: {len(committed)} committed, {len(told)} told")
    return len(committed - told)


def _told(brokers: str) -> set[int]:
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "bench-unsafe", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(TOPIC, 0, OFFSET_BEGINNING)])
    end = _end(consumer)
    seen: set[int] = set()
    position = 0
    while position < end:
        for message in consumer.consume(500, timeout=5):
            if message.error() is None:
                seen.add(json.loads(message.value())["id"])
                position = message.offset() + 1
    consumer.close()
    return seen


def _end(consumer: Consumer) -> int:
    ends: list[int] = []

    def known() -> bool:
        try:
            ends.append(consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=30)[1])
        except KafkaException as error:  # a broker that has just come back leads nothing yet
            print(f"not yet: {error.args[0].name()}", flush=True)
        return bool(ends)

    landed.wait_until(known, "An answer of the broker", seconds=60)
    return ends[0]


def sell_unsafely(database_url: str, brokers: str) -> None:
    """Commit a click, then publish it through the client's buffer; until killed."""
    engine = engine_for(database_url)
    producer = Producer({"bootstrap.servers": brokers, "acks": "all"})
    while True:
        with engine.begin() as connection:
            row = connection.exec_driver_sql(f"INSERT INTO {TABLE} () VALUES ()").lastrowid
        producer.produce(TOPIC, json.dumps({"id": row}).encode())
        producer.poll(0)
        time.sleep(1 / RATE)


if __name__ == "__main__":
    sell_unsafely(sys.argv[1], sys.argv[2])
