#!/bin/sh
# One Hadoop daemon in the foreground: hadoop.sh namenode | datanode | resourcemanager | nodemanager
set -eu
conf=/opt/remedy/docker/hadoop
server=org.apache.hadoop
case "${1:-}" in
    namenode) main=$server.hdfs.server.namenode.NameNode ;;
    datanode) main=$server.hdfs.server.datanode.DataNode ;;
    resourcemanager) main=$server.yarn.server.resourcemanager.ResourceManager ;;
    nodemanager) main=$server.yarn.server.nodemanager.NodeManager ;;
    *) echo "hadoop.sh: '${1:-}' is not a daemon; name namenode, datanode, resourcemanager or nodemanager." >&2; exit 2 ;;
esac
set -- "$1" -Xms32m -Xmx400m -XX:+UseSerialGC --add-opens java.base/java.lang=ALL-UNNAMED \
    -cp "$conf:/opt/jars/hadoop-webapps:/opt/jars/hadoop/*" "$main"
daemon=$1
shift
if [ "$daemon" = namenode ] && [ ! -e /data/namenode/current/VERSION ]; then
    java "$@" -format -nonInteractive
fi
exec java "$@"
