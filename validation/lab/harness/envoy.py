"""Envoy: membership by EDS from a file that is replaced."""
import asyncio
import json
import re
import signal

from . import process
from .proxy import PORT, Proxy

ADMIN_PORT = 9901
PORT_HEADER = "x-port"
API = "type.googleapis.com/envoy"
OPTIONS = f"{API}.extensions.upstreams.http.v3.HttpProtocolOptions"
STATISTICS = "cluster.be.upstream_(rq_retry|rq_[0-9]|cx_connect_fail|cx_total|cx_destroy|rq_total|rq_pending_failure|rq_pending_overflow|cx_none_healthy|rq_rx_reset)"


def socket_address(ip, port):
    return {"socket_address": {"address": ip, "port_value": port}}


class Envoy(Proxy):
    def endpoints(self):
        each = [(ip, int(port)) for ip, port in (member.split(":") for member in self.members)]
        return json.dumps({"resources": [{
            "@type": f"{API}.config.endpoint.v3.ClusterLoadAssignment", "cluster_name": "be",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(*one)}} for one in each]}]}]})

    def route(self):
        s = self.settings
        route = {"cluster": "be", "timeout": f"{s.get('route_timeout_s', 0)}s"}
        if s.get("retry_on"):
            policy = {"retry_on": s["retry_on"], "num_retries": s.get("num_retries", 1)}
            if s.get("previous_hosts"):
                policy["retry_host_predicate"] = [{"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {
                    "@type": f"{API}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}]
                policy["host_selection_retry_max_attempts"] = 5
            route["retry_policy"] = policy
        if self.hashes():
            route["hash_policy"] = [{"header": {"header_name": PORT_HEADER}}]
        return route

    def hashes(self):
        return self.settings.get("lb_policy") in ("RING_HASH", "MAGLEV")

    def cluster(self):
        s = self.settings
        policy = s.get("lb_policy", "ROUND_ROBIN")
        cluster = {
            "name": "be", "type": "EDS", "connect_timeout": "2s", "lb_policy": policy,
            "eds_cluster_config": {"service_name": "be", "eds_config": {
                "resource_api_version": "V3", "path_config_source": {"path": self.path("eds.json")}}},
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": OPTIONS, "common_http_protocol_options": {"idle_timeout": f"{s.get('upstream_idle_s', 3600)}s"},
                "explicit_http_config": {"http_protocol_options": {}}}}}
        if s.get("slow_start_s"):
            cluster[f"{policy.lower()}_lb_config"] = {"slow_start_config": {"slow_start_window": f"{s['slow_start_s']}s"}}
        common = {}
        if "update_merge_window" in s:
            common["update_merge_window"] = s["update_merge_window"]
        if "panic_percent" in s:
            common["healthy_panic_threshold"] = {"value": s["panic_percent"]}
        if common:
            cluster["common_lb_config"] = common
        if s.get("health_check"):
            # Before there has been traffic it would check once a minute, and the lab has none when it starts.
            interval = s["health_check"]["interval"]
            cluster["health_checks"] = [{**s["health_check"], "no_traffic_interval": interval, "tcp_health_check": {}}]
        limits = {name: s[name] for name in ("max_retries", "max_connections", "max_pending_requests", "max_requests") if s.get(name)}
        if limits:
            cluster["circuit_breakers"] = {"thresholds": [limits]}
        if s.get("outlier"):
            cluster["outlier_detection"] = s["outlier"]
        return cluster

    def configuration(self):
        line = "%RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %RESPONSE_CODE_DETAILS% %DURATION%\n"
        manager = {
            "@type": f"{API}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "fe",
            "generate_request_id": False, "common_http_protocol_options": {"idle_timeout": "3600s"}, "stream_idle_timeout": "300s",
            "route_config": {"virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": self.route()}]}]},
            "http_filters": [*self.mutations(), {"name": "envoy.filters.http.router", "typed_config": {
                "@type": f"{API}.extensions.filters.http.router.v3.Router"}}],
            "access_log": [{"name": "file", "typed_config": {
                "@type": f"{API}.extensions.access_loggers.file.v3.FileAccessLog", "path": self.path("access.log"),
                "log_format": {"text_format_source": {"inline_string": line}}}}]}
        filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
        listener = {"name": "l", "address": socket_address(self.ip, PORT), "filter_chains": [{"filters": filters}]}
        return {"node": {"id": "n", "cluster": "c"}, "admin": {"address": socket_address(self.ip, ADMIN_PORT)},
                "static_resources": {"listeners": [listener], "clusters": [self.cluster()]}}

    def mutations(self):
        """Where it hashes, by the client's port: a connection is a client, and all have one address."""
        if not self.hashes():
            return []
        header = {"append": {"header": {"key": PORT_HEADER, "value": "%DOWNSTREAM_REMOTE_PORT%"}}}
        return [{"name": "envoy.filters.http.header_mutation", "typed_config": {
            "@type": f"{API}.extensions.filters.http.header_mutation.v3.HeaderMutation", "mutations": {"request_mutations": [header]}}}]

    async def start(self, members):
        self.members = list(members)
        self.write("eds.json", self.endpoints())
        self.write("envoy.json", json.dumps(self.configuration()))
        s = self.settings
        await self.spawn("-c", self.path("envoy.json"), "--concurrency", str(s.get("concurrency", 1)), "--disable-hot-restart",
                         "--log-level", "warning", "--drain-time-s", str(round(s.get("drain_time_s", 600))),
                         "--drain-strategy", s.get("drain_strategy", "gradual"))
        await self.wait_until_it_listens()

    def add(self, member):
        self.members.append(member)
        self.write("eds.json", self.endpoints())

    def remove(self, member):
        self.members.remove(member)
        self.write("eds.json", self.endpoints())

    async def reload(self):
        """Not replaced: told to drain its listener."""
        await self.admin("POST", "/drain_listeners?graceful")

    async def admin(self, method, path):
        reader, writer = await asyncio.open_connection(self.ip, ADMIN_PORT)
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.decode(errors="replace")

    async def finish(self):
        counts = {"requests": 0, "retried_requests": 0, "retries": 0, "codes_flags": {}, "details": {}, "stats": {}}
        for line in (await self.admin("GET", f"/stats?filter={STATISTICS}")).splitlines():
            match = re.match(r"cluster\.be\.(\S+): (\d+)$", line.strip())
            if match and int(match[2]):
                counts["stats"][match[1]] = int(match[2])
        # Its access log is written out when it ends.
        await process.end(self.processes[-1], signal.SIGTERM)
        with open(self.path("access.log")) as log:
            for line in log:
                code, flags, tries, details = line.split()[:4]
                counts["requests"] += 1
                key = f"{code} {flags}"
                counts["codes_flags"][key] = counts["codes_flags"].get(key, 0) + 1
                if code != "200":
                    counts["details"][details] = counts["details"].get(details, 0) + 1
                retries = int(tries) - 1 if tries.isdigit() else 0
                counts["retried_requests"] += retries > 0
                counts["retries"] += max(retries, 0)
        return counts

    def connect_failures(self, counts):
        return counts["stats"].get("upstream_cx_connect_fail", 0)
