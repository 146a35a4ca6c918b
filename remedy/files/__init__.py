"""What patients hand in: looked at, encrypted, kept in MySQL until it lies in HDFS; read by those who may."""
