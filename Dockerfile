# One image; the command decides what it is: a Hadoop daemon, a part of Airflow, the relay, the portal, the dashboards.

# Hadoop as jars, from the same poms as the local stack. Kafka has an image of its own.
FROM maven:3.9-eclipse-temurin-17 AS jars
COPY stack/jars/ /poms/
RUN mvn -q -B -f /poms/hadoop.pom dependency:copy-dependencies -DoutputDirectory=/jars/hadoop \
 && mvn -q -B -f /poms/hadoop-webapps.pom dependency:copy-dependencies -DoutputDirectory=/jars/pages \
 && mkdir -p /jars/hadoop-webapps && cd /jars/hadoop-webapps \
 && jar xf /jars/pages/hadoop-client-minicluster-*.jar webapps \
 && rm -r /jars/pages

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s "$(dirname "$(dirname "$(readlink -f /usr/bin/java)")")" /opt/java
COPY --from=jars /jars /opt/jars

# The pinned environment first: it changes seldom, and the layer is kept. Bytecode compiled: imports are twice as fast.
WORKDIR /opt/remedy
COPY requirements.txt ./
RUN pip install --no-cache-dir uv \
 && grep -v '^-e ' requirements.txt > /tmp/pinned.txt \
 && uv pip install --system --no-cache --no-deps --compile-bytecode -r /tmp/pinned.txt

COPY . .
RUN uv pip install --system --no-cache --no-deps -e . \
 && python -m compileall -q remedy dags mapreduce models plugins stack streamlit_app web_portal docker \
 && install -m 755 docker/hadoop-launcher.sh /usr/local/bin/hadoop \
 && useradd --uid 1000 --create-home remedy \
 && install -d -o remedy -g remedy /data/namenode /data/datanode /data/yarn /data/airflow /data/mail /data/search-index

USER remedy
ENV PYTHONUNBUFFERED=1 \
    TZ=UTC \
    LANG=C.UTF-8 \
    HADOOP_USER_NAME=remedy \
    JAVA_HOME=/opt/java \
    AIRFLOW_HOME=/data/airflow
