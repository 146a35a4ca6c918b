# The database accounts of design decision 2, made once by the MySQL image's own entry, which sources this file.
# What each may do on which table is said by `remedy migrate`. A secret holds the account's whole URL; its
# password is the part between the second ':' and '@', random hexadecimal digits with nothing to quote.
docker_process_sql <<-SQL
	CREATE DATABASE IF NOT EXISTS remedy CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
SQL
for account in owner portal pipeline dashboard watch; do
	password=$(sed 's/.*:\([0-9a-f]*\)@.*/\1/' "/run/secrets/database_$account")
	docker_process_sql <<-SQL
		CREATE USER IF NOT EXISTS 'remedy_$account'@'%' IDENTIFIED BY '$password';
	SQL
done
docker_process_sql <<-SQL
	GRANT ALL PRIVILEGES ON remedy.* TO 'remedy_owner'@'%' WITH GRANT OPTION;
	GRANT SELECT (User, Host) ON mysql.user TO 'remedy_owner'@'%';
SQL
