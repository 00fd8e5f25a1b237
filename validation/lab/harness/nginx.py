"""nginx: membership by a new `upstream` block and SIGHUP."""
import re
import signal

from .proxy import Proxy

MESSAGES = ("connect() failed (111", "prematurely closed connection", "no live upstreams", "recv() failed (104", "send() failed",
            "upstream timed out", "signal 1 (SIGHUP)", "gracefully shutting down", "upstream server temporarily disabled")


class Nginx(Proxy):
    # The master takes its workers along only where it may end by itself.
    ends_by = signal.SIGTERM

    def configuration(self):
        s = self.settings
        marks = f"max_fails={s.get('max_fails', 1)} fail_timeout={s.get('fail_timeout', '10s')}"
        servers = "\n".join(f"  server {m} {marks};" for m in self.members) or "  server 127.0.0.1:9 down;"
        balance = {"roundrobin": "", "leastconn": "  least_conn;"}.get(s.get("balance", "roundrobin"), f"  {s.get('balance')};")
        keep = s.get("keepalive", 64)
        idle = s.get("upstream_keepalive_timeout", "60s")
        pool = f"  keepalive {keep}; keepalive_timeout {idle}; keepalive_requests 100000;" if keep else ""
        stop = s.get("worker_shutdown_timeout")
        folders = "".join(f" {kind}_temp_path {self.path(kind)};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""worker_processes {s.get('workers', 1)};
daemon off; pid {self.path('nginx.pid')}; error_log {self.path('error.log')} notice; user root;
{f'worker_shutdown_timeout {stop};' if stop else ''}
events {{ worker_connections 4096; }}
http {{
 log_format l '$msec $status $upstream_status $upstream_addr $upstream_connect_time $upstream_response_time';
 access_log {self.path('access.log')} l;
 keepalive_timeout 75s; keepalive_requests 100000;
{folders}
 upstream be {{
{balance}
{servers}
{pool}
 }}
 server {{
  listen {self.address} backlog=1024{' reuseport' if s.get('reuseport') else ''};
  location / {{
   proxy_pass http://be; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_connect_timeout 2s; proxy_read_timeout 120s;
   proxy_next_upstream {s.get('next_upstream', 'error timeout')}; proxy_next_upstream_tries {s.get('next_upstream_tries', 0)};
   proxy_buffering {s.get('buffering', 'on')};
  }}
 }}
}}
"""

    async def start(self, members):
        self.members = list(members)
        self.write("nginx.conf", self.configuration())
        await self.spawn("-c", self.path("nginx.conf"), "-p", self.folder, "-e", self.path("error.log"))
        await self.wait_until_it_listens()

    def add(self, member):
        self.members.append(member)
        self.hang_up()

    def remove(self, member):
        self.members.remove(member)
        self.hang_up()

    def hang_up(self):
        self.write("nginx.conf", self.configuration())
        self.processes[-1].send_signal(signal.SIGHUP)
        self.run.event("nginx_reload", proxy=self.index)

    async def reload(self):
        self.hang_up()

    async def finish(self):
        counts = {"requests": 0, "retried_requests": 0, "retries": 0, "statuses": {}, "error_log": {}}
        with open(self.path("access.log")) as log:
            for line in log:
                status = line.split()[1]
                tries = len(re.findall(r"127\.\d+\.\d+\.\d+:\d+", line))
                counts["requests"] += 1
                counts["retried_requests"] += tries > 1
                counts["retries"] += max(tries - 1, 0)
                counts["statuses"][status] = counts["statuses"].get(status, 0) + 1
        with open(self.path("error.log"), errors="replace") as log:
            for line in log:
                for message in filter(line.__contains__, MESSAGES):
                    counts["error_log"][message] = counts["error_log"].get(message, 0) + 1
        return counts

    def connect_failures(self, counts):
        return counts["error_log"].get("connect() failed (111", 0)
