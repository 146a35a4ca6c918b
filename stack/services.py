"""What runs: every service of the platform, what it waits for and how to tell that it answers.

This is data. `STEPS` run once at each start between the services, end, and may be waited for like them.
Placeholders in commands are the names of `stack.render.template_values`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from signal import SIGINT, SIGTERM

from stack import probes
from stack.probes import Probe

_FILES = "-Djava.io.tmpdir=$state/tmp -Djdk.net.hosts.file=$conf/hosts"
_OPEN = "--add-opens java.base/java.lang=ALL-UNNAMED"


def _java(heap_mb: int, main: str) -> str:
    # The serial collector and the first compiler: five small JVMs on two cores start in half the time.
    return (
        f"java -Xms32m -Xmx{heap_mb}m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 {_OPEN} {_FILES}"
        f" -cp $hadoop_conf:$jars/hadoop-webapps:$jars/hadoop/* {main}"
    )


@dataclass(frozen=True)
class Service:
    """One process we start and watch, or a step that runs once (`once`)."""

    name: str
    command: str
    after: tuple[str, ...] = ()
    ready: Probe = field(default_factory=probes.lasts)
    port: str = ""
    account: str = ""
    # Only who writes or reads patients' records is given the keys to them.
    has_keys: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    is_airflow: bool = False
    is_database: bool = False
    once: bool = False
    # It does not start with the others, but when somebody says so.
    is_off: bool = False
    # Its last line says how far it is, for people.
    is_telling: bool = False
    patience_s: int = 120
    grace_s: int = 20
    stop_signal: int = SIGTERM


def _step(name: str, command: str, **options) -> Service:
    return Service(name, command, once=True, **options)


_HADOOP = {"HADOOP_USER_NAME": "remedy"}

SERVICES = (
    Service(
        "mariadb",
        "mariadbd --defaults-file=$databases/my.cnf",
        after=("install-mariadb",),
        ready=probes.greets("mariadb"),
        port="mariadb",
        is_database=True,
        grace_s=60,
    ),
    Service(
        "postgres",
        "$postgres_bin/postgres -D $databases/postgres -c config_file=$databases/postgresql.conf"
        " -c hba_file=$databases/pg_hba.conf",
        after=("install-postgres",),
        ready=probes.postgres("postgres"),
        port="postgres",
        is_database=True,
        # "Fast": end sessions and stop; TERM would wait for the last client to go.
        stop_signal=SIGINT,
    ),
    Service(
        "kafka",
        f"java -Xms256m -Xmx384m -XX:+UseSerialGC {_FILES}"
        " -Dlog4j.configuration=file:$conf/kafka-log4j.properties -Dkafka.logs.dir=$state/logs"
        " -cp $jars/kafka/* kafka.Kafka $conf/server.properties",
        after=("format-kafka",),
        ready=probes.kafka("kafka"),
        port="kafka",
        grace_s=30,
    ),
    Service(
        "namenode",
        _java(256, "org.apache.hadoop.hdfs.server.namenode.NameNode"),
        after=("format-namenode",),
        ready=probes.answers("namenode-web", "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"),
        port="namenode-web",
        env=_HADOOP,
    ),
    Service(
        "datanode",
        _java(256, "org.apache.hadoop.hdfs.server.datanode.DataNode"),
        after=("namenode",),
        ready=probes.datanode("datanode-web"),
        port="datanode-web",
        env=_HADOOP,
    ),
    Service(
        "resourcemanager",
        _java(256, "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager"),
        after=("kafka", "datanode"),
        ready=probes.answers("resourcemanager-web", "/ws/v1/cluster/info"),
        port="resourcemanager-web",
        env=_HADOOP,
    ),
    Service(
        "nodemanager",
        _java(256, "org.apache.hadoop.yarn.server.nodemanager.NodeManager"),
        after=("resourcemanager",),
        ready=probes.nodemanager("nodemanager-web"),
        port="nodemanager-web",
        env=_HADOOP,
        # It keeps nothing, and would wait twenty seconds for jobs that are gone.
        grace_s=5,
    ),
    Service(
        "mail",
        "$python -m remedy mail-catcher --smtp-port $port_mail --web-port $port_mail_web"
        " --folder $state/data/mail",
        ready=probes.greets("mail"),
        port="mail-web",
        account="dashboard",
    ),
    Service(
        "payments",
        "$python -m remedy payment-desk --port $port_payments --folder $state/data/payments"
        " --key-file $state/secrets/payment_key",
        ready=probes.answers("payments", "/"),
        port="payments",
        account="dashboard",
    ),
    Service(
        "sms",
        "$python -m remedy sms-catcher --port $port_sms --folder $state/data/sms"
        " --key-file $state/secrets/sms_key",
        ready=probes.answers("sms", "/"),
        port="sms",
        account="dashboard",
    ),
    Service(
        "relay",
        "$python -m remedy relay",
        after=("prepare",),
        account="portal",
    ),
    Service(
        "index",
        "$python -m remedy index follow",
        after=("migrate",),
        account="portal",
    ),
    Service(
        "watch",
        "$python -m remedy watch",
        after=("migrate",),
        account="watch",
    ),
    Service(
        "portal",
        "$venv/gunicorn web_portal.wsgi:app --bind 127.0.0.1:$port_portal --worker-class web_portal.worker.StayingWorker"
        " --workers 2 --threads 300 --worker-tmp-dir /dev/shm --graceful-timeout 5 --no-control-socket",
        after=("prepare",),
        ready=probes.answers("portal", "/healthz"),
        port="portal",
        account="portal",
        has_keys=True,
    ),
    Service(
        "town",
        "$python -m remedy town live",
        after=("build-town",),
        account="portal",
        has_keys=True,
        is_off=True,
    ),
    Service(
        "streamlit",
        "$venv/streamlit run $root/streamlit_app/app.py --server.headless true"
        " --server.address 127.0.0.1 --server.port $port_streamlit"
        " --browser.gatherUsageStats false --server.fileWatcherType none"
        " --client.toolbarMode viewer --client.showErrorDetails none --client.disableDataExport true"
        # Each scheme by itself: one colour for both would leave the dark one out. The light text is darker than
        # Streamlit's, whose captions, paler still, cannot be read by everybody.
        " --theme.light.primaryColor #0b6e6e --theme.light.textColor #0b0b0a --theme.dark.primaryColor #0e8080"
        # So that an age fits into its tile.
        " --theme.metricValueFontSize 1.75rem",
        after=("migrate",),
        ready=probes.answers("streamlit", "/_stcore/health"),
        port="streamlit",
        account="dashboard",
    ),
    Service(
        "airflow-api-server",
        "$venv/airflow api-server",
        after=("migrate-airflow",),
        ready=probes.answers("airflow-api-server", "/api/v2/monitor/health"),
        port="airflow-api-server",
        account="pipeline",
        is_airflow=True,
        # It would wait for every browser that keeps a connection open.
        grace_s=6,
    ),
    Service(
        "airflow-scheduler",
        "$venv/airflow scheduler --skip-serve-logs",
        # The API after it, too, when stopping: to it a task that is told to end says how it ended.
        after=("airflow-api-server", "prepare", "nodemanager"),
        ready=probes.airflow("scheduler"),
        account="pipeline",
        is_airflow=True,
        grace_s=30,
    ),
    Service(
        "airflow-dag-processor",
        "$venv/airflow dag-processor",
        after=("migrate-airflow", "airflow-api-server"),
        ready=probes.airflow("dag_processor"),
        account="pipeline",
        is_airflow=True,
    ),
    Service(
        "airflow-triggerer",
        "$venv/airflow triggerer --skip-serve-logs",
        after=("migrate-airflow", "airflow-api-server"),
        ready=probes.airflow("triggerer"),
        account="pipeline",
        is_airflow=True,
    ),
)

STEPS = (
    _step("install-mariadb", "$python -m stack step install-mariadb"),
    _step("install-postgres", "$python -m stack step install-postgres"),
    _step("format-kafka", "$python -m stack step format-kafka"),
    _step("format-namenode", "$python -m stack step format-namenode", env=_HADOOP),
    _step("create-accounts", "$python -m stack step create-accounts", after=("mariadb",)),
    _step("migrate", "$python -m remedy migrate", after=("create-accounts",), account="owner"),
    _step(
        "prepare",
        "$python -m remedy prepare",
        after=("migrate", "kafka", "datanode"),
        account="portal",
    ),
    _step(
        "build-town",
        "$python -m remedy town build",
        after=("prepare",),
        account="portal",
        has_keys=True,
        is_telling=True,
        patience_s=3600,
    ),
    _step(
        "migrate-airflow",
        "$python -m stack step migrate-airflow",
        after=("postgres",),
        account="pipeline",
        is_airflow=True,
        patience_s=300,
    ),
    _step(
        "warm-airflow",
        "$python -m stack step warm-airflow",
        after=("airflow-api-server",),
    ),
    _step(
        "first-runs",
        "$python -m stack step first-runs",
        after=(
            "airflow-scheduler",
            "airflow-dag-processor",
            "airflow-triggerer",
            "warm-airflow",
            "nodemanager",
            "relay",
            "portal",
            "build-town",
        ),
        is_telling=True,
        patience_s=1500,
    ),
)
