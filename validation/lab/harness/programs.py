"""Where the programs are: those of this project, built; the balancers, found or fetched."""
import json
import os
import re
import shutil
import subprocess
import sys

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(LAB))
# Cargo's own folder for what is built, else the project's.
TARGET = os.path.abspath(os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target")))
FETCHED = os.path.join(TARGET, "lab")
VERSION = {"haproxy": ("-v",), "nginx": ("-v",), "envoy": ("--version",)}


class Missing(Exception):
    """A balancer that is not there and could not be fetched."""


def build():
    """Builds what the lab needs of this project; the paths of its programs."""
    cargo = os.environ.get("CARGO", "cargo")
    own = os.path.join(LAB, "programs", "Cargo.toml")
    at = os.path.join(FETCHED, "cargo")
    for command in ([cargo, "build", "--quiet", "--locked", "--bin", "dryroll", "--example", "lab_parameters", "--target-dir", TARGET],
                    [cargo, "build", "--quiet", "--locked", "--release", "--manifest-path", own, "--target-dir", at]):
        subprocess.run(command, cwd=ROOT, check=True)
    debug = os.path.join(TARGET, "debug")
    return {"lab": os.path.join(at, "release", "lab"), "dryroll": os.path.join(debug, "dryroll"),
            "lab_parameters": os.path.join(debug, "examples", "lab_parameters")}


def balancer(name):
    """The path of a balancer's program: `LAB_HAPROXY` and the like, else on PATH, else fetched."""
    if name == "direct":
        return None
    named = os.environ.get(f"LAB_{name.upper()}") or shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if named:
        return named
    fetched = os.path.join(FETCHED, "bin", name)
    if not os.path.exists(fetched):
        # What it says goes where our own remarks go.
        subprocess.run([os.path.join(LAB, "fetch"), FETCHED, name], stdout=sys.stderr, check=False)
    if not os.path.exists(fetched):
        raise Missing(f"{name} is not on this machine and could not be fetched; name its program in LAB_{name.upper()}")
    return fetched


def version(name, program):
    """How the balancer calls itself."""
    if name == "direct":
        return "none"
    said = subprocess.run([program, *VERSION[name]], capture_output=True, text=True, check=True)
    number = re.search(r"(\d+\.\d+\.\d+\S*)", (said.stdout + said.stderr).replace("/", " "))
    return f"{ {'haproxy': 'HAProxy', 'nginx': 'nginx', 'envoy': 'Envoy'}[name] } {number[1] if number else 'unknown'}"


def plan(programs, scenario, name, settings):
    """What the lab plays for a scenario: its parameters, and where the two differ."""
    asked = subprocess.run([programs["lab_parameters"], scenario, name, *settings], capture_output=True, text=True)
    if asked.returncode:
        raise SystemExit(asked.stderr.rstrip())
    answer = json.loads(asked.stdout)
    return answer["parameters"], answer["differences"]
