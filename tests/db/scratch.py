"""
Databases to try things on that no running stack could bear: a small PostgreSQL of the tests'
own, which listens on a Unix socket alone, and the real rowlockctl.
"""

import os
import secrets
import shutil
import subprocess
import tempfile

import psycopg2

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SQL = os.path.join(ROOT, "sql")
OWNER, WORKER, SUPERUSER = "rowlock_owner", "rowlock_worker", "postgres"

SETTINGS = """
listen_addresses = ''
port = 5432
unix_socket_directories = '{base}'
max_connections = 60
shared_buffers = 32MB
# Statistics are as each test leaves them.
autovacuum = off
fsync = on
synchronous_commit = on
timezone = 'UTC'
"""


class Cluster:
    """A private PostgreSQL, of the same version and the same user as the stack's."""

    def __init__(self, env=os.environ):
        self.bin = env["ROWLOCK_PG_BIN"]
        self.user = os.stat(env["ROWLOCK_PG_DATA"])
        self.base = tempfile.mkdtemp(prefix="rowlock-db-")  # short: sockets have short names only
        self.data = os.path.join(self.base, "data")
        self.as_user = []
        if os.geteuid() == 0 and self.user.st_uid != 0:  # PostgreSQL refuses to run as root
            self.as_user = ["setpriv", f"--reuid={self.user.st_uid}", f"--regid={self.user.st_gid}",
                             "--clear-groups", "--"]
            os.chown(self.base, self.user.st_uid, self.user.st_gid)
        self.passwords = {role: secrets.token_hex(16) for role in (OWNER, WORKER, SUPERUSER)}
        self.count = 0

    def _run(self, program, *args):
        log = os.path.join(self.base, "pg.log")
        done = subprocess.run([*self.as_user, os.path.join(self.bin, program), "-D", self.data, *args],
                              cwd="/", env={**os.environ, "LC_ALL": "C"}, timeout=120, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            with open(log, "a+", encoding="utf-8") as file:
                file.seek(0)
                raise AssertionError(f"{program} failed: {done.stderr}{file.read()[-4000:]}")

    def start(self):
        password = os.path.join(self.base, "password")  # nobody else can look into the folder
        with open(password, "w", encoding="utf-8") as file:
            file.write(self.passwords[SUPERUSER] + "\n")
        self._run("initdb", "-U", SUPERUSER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(SETTINGS.format(base=self.base))
        self._run("pg_ctl", "-w", "-l", os.path.join(self.base, "pg.log"), "start")
        for role in (OWNER, WORKER):
            self.admin(f"CREATE ROLE {role} LOGIN PASSWORD '{self.passwords[role]}'")
        return self

    def stop(self):
        try:
            if os.path.exists(os.path.join(self.data, "postmaster.pid")):
                self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.base)

    def url(self, role, database, password=None):
        return (f"postgresql://{role}:{password or self.passwords[role]}@/{database}"
                f"?host={self.base}&port=5432")

    def admin(self, sql):
        """One statement of the superuser's, outside all databases that are tried on."""
        conn = psycopg2.connect(self.url(SUPERUSER, "postgres"))
        conn.autocommit = True
        try:
            with conn.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            conn.close()

    def database(self, template=None):
        """A new, empty one, with the roles and rights that ./stack gives; or a copy of another."""
        self.count += 1
        name = f"scratch_{self.count}"
        self.admin(f"CREATE DATABASE {name} OWNER {OWNER}"
                   + (f" TEMPLATE {template.name}" if template else ""))
        self.admin(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        self.admin(f"GRANT CONNECT ON DATABASE {name} TO {WORKER}")
        return Database(self, name)


class Database:
    """One database of the private cluster, and rowlockctl with its settings."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.owner_url, self.worker_url = cluster.url(OWNER, name), cluster.url(WORKER, name)

    def drop(self):
        self.cluster.admin(f"DROP DATABASE {self.name} WITH (FORCE)")

    def connect(self, role=OWNER, **more):
        conn = psycopg2.connect(self.cluster.url(role, self.name), **more)
        conn.autocommit = True
        return conn

    def ask(self, sql, role=OWNER):
        """The rows of the last statement of a text, as tuples."""
        conn = self.connect(role)
        try:
            with conn.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            conn.close()

    def start_ctl(self, *args, **settings):
        """rowlockctl with these settings and no others; a setting that is None is not set."""
        nothing = os.path.join(self.cluster.base, "rowlock.conf")
        with open(nothing, "a", encoding="utf-8"):
            pass
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "ROWLOCK_CONFIG": nothing,
               "JWT_SECRET": "0123456789abcdef" * 4, "REDIS_URL": os.environ.get("REDIS_URL") or None,
               "DATABASE_URL": self.worker_url, "ADMIN_DATABASE_URL": self.owner_url, **settings}
        program = os.path.join(os.environ["ROWLOCK_DIR"], "inst", "bin", "rowlockctl")
        return subprocess.Popen([program, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={key: value for key, value in env.items() if value is not None})

    def ctl(self, *args, **settings):
        return finish(self.start_ctl(*args, **settings))

    def migrate(self, *args, **settings):
        done = self.ctl("migrate", *args, **settings)
        assert done.returncode == 0, done
        return done.stdout

    def relations(self):
        """Everything that migrations make, by kind and name."""
        return self.ask("""
            SELECT relkind::text, relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
            UNION ALL SELECT 'function', proname FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2""")


def finish(process):
    """Waits for a rowlockctl that was started: what it said, and its exit status."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
